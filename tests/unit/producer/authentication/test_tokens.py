"""Tokens that are taken, and a table of those that must not be."""

import asyncio
import hmac
import json
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc.jwk import ECKey, Key, OctKey, RSAKey

from heartzone_producer.authentication.errors import UnauthenticatedError
from heartzone_producer.authentication.issuer import fetch_keys
from heartzone_producer.authentication.issuer_keys import IssuerKeys
from heartzone_producer.authentication.key_set import key_set
from heartzone_producer.authentication.principals import Principal
from heartzone_producer.authentication.token_verifier import REMEMBERED_SECONDS, TokenVerifier
from heartzone_producer.authentication.tokens import TokenHeader, TokenRules
from heartzone_testing.services.token_issuer import AUDIENCE, TokenIssuer, base64url, encoded

DEVICE = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
LEEWAY = 30
HOUR = 3600


@pytest.fixture(scope="module")
def issuer() -> Iterator[TokenIssuer]:
    with TokenIssuer() as running:
        yield running


@pytest.fixture(scope="module")
def keys(issuer: TokenIssuer) -> IssuerKeys:
    return IssuerKeys(lambda: fetch_keys(issuer.url, None, None))


def rules(issuer: TokenIssuer, **changes: Any) -> TokenRules:
    arguments = {
        "issuer": issuer.url,
        "audience": AUDIENCE,
        "algorithms": ["RS256", "ES256", "EdDSA"],
        "leeway": LEEWAY,
        "principal_claim": "sub",
        "devices_claim": None,
    }
    return TokenRules(**{**arguments, **changes})


def check(checked: TokenRules, keys: IssuerKeys, token: str | bytes) -> Principal:
    raw = token.encode() if isinstance(token, str) else token
    return asyncio.run(TokenVerifier(checked, keys).principal_of(raw))


def _modulus(bits: int) -> bytes:
    return rsa.generate_private_key(65537, bits).public_key().public_numbers().n.to_bytes(bits // 8, "big")


VALID: dict[str, Callable[[TokenIssuer], str]] = {
    "RS256": lambda issuer: issuer.token(),
    "ES256": lambda issuer: issuer.token("ec", "ES256"),
    "EdDSA": lambda issuer: issuer.token("ed", "EdDSA"),
    "several audiences": lambda issuer: issuer.token(aud=["other", AUDIENCE]),
    "expired within the leeway": lambda issuer: issuer.token(exp=time.time() - LEEWAY / 2),
    "valid soon, within the leeway": lambda issuer: issuer.token(nbf=int(time.time() + LEEWAY / 2)),
    "without iat": lambda issuer: issuer.token(iat=None),
    "an access token of RFC 9068": lambda issuer: issuer.signed(
        {"alg": "RS256", "kid": "rsa", "typ": "at+jwt"}, issuer.claims(), issuer.keys["rsa"]
    ),
    "without a key id, where one key suits": lambda issuer: issuer.signed(
        {"alg": "ES256"}, issuer.claims(), issuer.keys["ec"]
    ),
    "further claims and header members": lambda issuer: issuer.signed(
        {"alg": "RS256", "kid": "rsa", "x5t": "x", "any": [1]},
        issuer.claims(scope="a b", x={}),
        issuer.keys["rsa"],
    ),
}


@pytest.mark.parametrize("name", VALID)
def test_a_valid_token_names_its_principal(issuer: TokenIssuer, keys: IssuerKeys, name: str) -> None:
    assert check(rules(issuer), keys, VALID[name](issuer)) == Principal("jwt", "clinic")


def _with_header(**members: Any) -> Callable[[TokenIssuer], str]:
    return lambda issuer: issuer.signed({"alg": "RS256", "kid": "rsa", **members}, issuer.claims(), issuer.keys["rsa"])


def _with_claims(**claims: Any) -> Callable[[TokenIssuer], str]:
    return lambda issuer: issuer.token(**claims)


def _signed_with_the_public_key(issuer: TokenIssuer) -> str:
    """Where a verifier lets the token say the algorithm, anyone can make one: the key is public."""
    key = issuer.keys["rsa"]
    assert isinstance(key, RSAKey)
    signed = f"{encoded({'alg': 'HS256', 'kid': 'rsa'})}.{encoded(issuer.claims())}"
    return f"{signed}.{base64url(hmac.digest(key.as_pem(private=False), signed.encode(), 'sha256'))}"


def _by_a_key_of_its_own(issuer: TokenIssuer) -> str:
    own = RSAKey.generate_key(2048)
    return issuer.signed({"alg": "RS256", "kid": "rsa", "jwk": own.as_dict(private=False)}, issuer.claims(), own)


def _unsigned(algorithm: str) -> Callable[[TokenIssuer], str]:
    return lambda issuer: f"{encoded({'alg': algorithm, 'kid': 'rsa'})}.{encoded(issuer.claims())}."


def _twice(member: str, second: Any) -> Callable[[TokenIssuer], str]:
    """A claim twice: readers differ on which one counts."""

    def token(issuer: TokenIssuer) -> str:
        text = json.dumps(issuer.claims())[:-1] + f', "{member}": {json.dumps(second)}}}'
        return issuer.signed({"alg": "RS256", "kid": "rsa"}, text.encode(), issuer.keys["rsa"])

    return token


def _with_payload(payload: bytes) -> Callable[[TokenIssuer], str]:
    return lambda issuer: issuer.signed({"alg": "RS256", "kid": "rsa"}, payload, issuer.keys["rsa"])


def _with_other_claims(issuer: TokenIssuer) -> str:
    head, _, signature = issuer.token().split(".")
    return f"{head}.{encoded(issuer.claims(sub='admin'))}.{signature}"


def _with_truncated_claims(issuer: TokenIssuer) -> str:
    head, claims, signature = issuer.token().split(".")
    return f"{head}.{claims[:-5]}.{signature}"


HOSTILE: dict[str, Callable[[TokenIssuer], str]] = {
    # no token at all
    "empty": lambda _: "",
    "one part": lambda _: "token",
    "dots alone": lambda _: "..",
    "five parts, which is encrypted": lambda issuer: f"{issuer.token()}.e30.e30",
    "a megabyte": lambda issuer: issuer.token() + "A" * 1_000_000,
    "not base64url": lambda issuer: issuer.token().replace("ey", "e!", 1),
    "base64 with + and /": lambda issuer: f"{base64url(b'{}')}+/.e30.e30",
    "with padding": lambda issuer: issuer.token() + "=",
    "header no JSON": lambda issuer: f"{base64url(b'{')}.e30.e30",
    "header an array": lambda issuer: f"{encoded([])}.e30.e30",
    "header not UTF-8": lambda issuer: f"{base64url(bytes([123, 255, 125]))}.e30.e30",
    "header nested deeply": lambda issuer: f"{base64url(b'[' * 9000)}.e30.e30",
    # its signature
    "none": _unsigned("none"),
    "None": _unsigned("None"),
    "no algorithm": lambda issuer: f"{encoded({'kid': 'rsa'})}.{encoded(issuer.claims())}.",
    "algorithm no text": lambda issuer: f"{encoded({'alg': ['RS256'], 'kid': 'rsa'})}.{encoded(issuer.claims())}.e30",
    "RS256 without a signature": _unsigned("RS256"),
    "HS256 with the public key": _signed_with_the_public_key,
    "HS256 with a guess": lambda issuer: issuer.signed(
        {"alg": "HS256", "kid": "rsa"}, issuer.claims(), OctKey.import_key("x" * 32)
    ),
    "an algorithm that is not allowed": lambda issuer: issuer.signed(
        {"alg": "PS256", "kid": "rsa"}, issuer.claims(), issuer.keys["rsa"]
    ),
    "an algorithm of another key": lambda issuer: issuer.signed(
        {"alg": "ES256", "kid": "rsa"}, issuer.claims(), issuer.keys["ec"]
    ),
    "another key under the same id": lambda issuer: issuer.signed(
        {"alg": "RS256", "kid": "rsa"}, issuer.claims(), RSAKey.generate_key(2048)
    ),
    "another curve": lambda issuer: issuer.signed(
        {"alg": "ES256", "kid": "ec"}, issuer.claims(), ECKey.generate_key("P-256")
    ),
    "other claims under a signature": _with_other_claims,
    "signature truncated": lambda issuer: issuer.token()[:-8],
    "signature of zeros": lambda issuer: f"{issuer.token('ec', 'ES256').rpartition('.')[0]}.{base64url(bytes(64))}",
    "claims truncated": lambda issuer: (
        ".".join(issuer.token().split(".")[:2])[:-5] + "." + issuer.token().split(".")[2]
    ),
    # its header
    "unknown key id": _with_header(kid="nobody's"),
    "huge key id": _with_header(kid="k" * 8000),
    "key id no text": _with_header(kid={"$ne": None}),
    "key id a path": _with_header(kid="../../dev/null"),
    "a key of its own": _by_a_key_of_its_own,
    "jku": _with_header(jku="http://127.0.0.1:1/keys"),
    "x5u": _with_header(x5u="http://127.0.0.1:1/cert"),
    "jwk of the issuer": _with_header(jwk={}),
    "critical extension": _with_header(crit=["exp"], exp=1),
    "unencoded payload": _with_header(crit=["b64"], b64=False),
    "empty crit": _with_header(crit=[]),
    "type of another kind": _with_header(typ="logout+jwt"),
    "type no text": _with_header(typ=1),
    "algorithm twice": lambda issuer: issuer.signed(
        b'{"alg": "RS256", "kid": "rsa", "kid": "rsa"}', issuer.claims(), issuer.keys["rsa"]
    ),
    # its claims
    "expired": _with_claims(exp=int(time.time()) - HOUR),
    "expired just beyond the leeway": _with_claims(exp=int(time.time()) - LEEWAY - 1),
    "without exp": _with_claims(exp=None),
    "exp a text": _with_claims(exp=str(int(time.time()) + HOUR)),
    "exp true": _with_claims(exp=True),
    "exp NaN": _with_claims(exp=float("nan")),
    "exp infinite": _with_claims(exp=float("inf")),
    "exp 1e999": lambda issuer: issuer.signed(
        {"alg": "RS256", "kid": "rsa"},
        json.dumps(issuer.claims(exp=17)).replace("17", "1e999").encode(),
        issuer.keys["rsa"],
    ),
    "exp negative": _with_claims(exp=-1),
    "exp null": _twice("exp", None),
    "not valid yet": _with_claims(nbf=int(time.time()) + HOUR),
    "nbf a text": _with_claims(nbf="0"),
    "issued in the future": _with_claims(iat=int(time.time()) + HOUR),
    "wrong audience": _with_claims(aud="other"),
    "audience with other letters": _with_claims(aud=AUDIENCE.upper()),
    "audience in an object": _with_claims(aud={AUDIENCE: 1}),
    "no audience": _with_claims(aud=None),
    "no audience in the list": _with_claims(aud=[]),
    "wrong issuer": _with_claims(iss="https://issuer.example.org"),
    "issuer with a slash more": lambda issuer: issuer.token(iss=f"{issuer.url}/"),
    "issuers in an array": lambda issuer: issuer.token(iss=[issuer.url]),
    "no issuer": _with_claims(iss=None),
    "no subject": _with_claims(sub=None),
    "empty subject": _with_claims(sub=""),
    "subject no text": _with_claims(sub=1),
    "huge subject": _with_claims(sub="s" * 1000),
    "subject twice": _twice("sub", "admin"),
    "audience twice": _twice("aud", AUDIENCE),
    "claims no JSON": _with_payload(b"{"),
    "claims an array": _with_payload(b"[]"),
    "claims empty": _with_payload(b""),
    "claims nested deeply": _with_payload(b'{"a":' * 2000),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_token_is_not_valid(issuer: TokenIssuer, keys: IssuerKeys, name: str) -> None:
    with pytest.raises(UnauthenticatedError):
        check(rules(issuer), keys, HOSTILE[name](issuer))


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("a megabyte", "longer than 16384 bytes"),
        ("huge key id", "key id (kid) is none"),
        ("unknown key id", "its key is not one of the issuer's"),
        ("HS256 with the public key", "its algorithm is not allowed"),
        ("signature truncated", "its signature does not hold"),
        ("subject twice", "no JSON object with unique members"),
        ("exp NaN", "no JSON object with unique members"),
        ("expired", "it has expired"),
        ("wrong audience", "its claim aud is missing or not as expected"),
    ],
)
def test_a_client_is_told_what_is_wrong_with_its_token(
    issuer: TokenIssuer, keys: IssuerKeys, name: str, reason: str
) -> None:
    with pytest.raises(UnauthenticatedError, match=re.escape(reason)):
        check(rules(issuer), keys, HOSTILE[name](issuer))


@pytest.mark.parametrize(
    ("claim", "own", "others"),
    [
        pytest.param({"devices": [DEVICE, "8d1c*"]}, True, False, id="an array"),
        pytest.param({"devices": DEVICE.upper()}, True, False, id="a text"),
        pytest.param({"devices": "*"}, True, True, id="all"),
        pytest.param({"devices": []}, False, False, id="none"),
        pytest.param({}, False, False, id="without the claim"),
    ],
)
def test_a_claim_binds_a_token_to_devices(
    issuer: TokenIssuer, keys: IssuerKeys, claim: dict[str, Any], own: bool, others: bool
) -> None:
    principal = check(rules(issuer, devices_claim="devices"), keys, issuer.token(**claim))

    assert (principal.may_send_for(DEVICE), principal.may_send_for("other")) == (own, others)


@pytest.mark.parametrize("devices", [1, {"a": 1}, [1], "a*b", [""]])
def test_a_claim_of_devices_that_cannot_be_read_is_not_passed_over(
    issuer: TokenIssuer, keys: IssuerKeys, devices: Any
) -> None:
    with pytest.raises(UnauthenticatedError):
        check(rules(issuer, devices_claim="devices"), keys, issuer.token(devices=devices))


def test_any_claim_may_name_the_principal(issuer: TokenIssuer, keys: IssuerKeys) -> None:
    principal = check(rules(issuer, principal_claim="client_id"), keys, issuer.token(client_id="app", sub=None))

    assert principal.name == "app"


@pytest.mark.parametrize(
    "unusable",
    [
        pytest.param({"kty": "oct", "k": "c2VjcmV0"}, id="a secret"),
        pytest.param({"use": "enc"}, id="for encryption"),
        pytest.param({"key_ops": ["encrypt"]}, id="for another operation"),
        pytest.param(
            {"n": base64url(_modulus(1024))},
            marks=pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning"),
            id="short",
        ),
        pytest.param({"n": None}, id="without a part"),
        pytest.param({"kid": 1}, id="id no text"),
        pytest.param({"alg": "RS512"}, id="for another algorithm"),
    ],
)
def test_keys_that_are_of_no_use_are_left_out(issuer: TokenIssuer, unusable: dict[str, Any]) -> None:
    public = {**issuer.keys["rsa"].as_dict(private=False), "kid": "a"}

    keys = key_set({"keys": [{**public, **unusable}, "x", {**public, "kid": "b"}]})

    assert keys.find("a", "RS256") is None
    assert keys.find("b", "RS256") is not None


@pytest.mark.parametrize("document", [None, [], {}, {"keys": {}}])
def test_what_is_no_key_set_is_an_error(document: Any) -> None:
    with pytest.raises(ValueError, match="Key Set"):
        key_set(document)


class Verifier:
    """A verifier by a clock of the test's own, and how often it looked for a key."""

    def __init__(self, issuer: TokenIssuer, keys: IssuerKeys) -> None:
        self.now = time.time()
        self.looked = 0
        self._keys = keys
        self.verifier = TokenVerifier(rules(issuer), self, max_remembered=10, clock=lambda: self.now)  # type: ignore[arg-type]

    async def find(self, header: TokenHeader) -> Key:
        self.looked += 1
        return await self._keys.find(header)

    def principal_of(self, token: str) -> Principal:
        return asyncio.run(self.verifier.principal_of(token.encode()))


def test_a_token_that_is_sent_again_is_verified_once_a_minute(issuer: TokenIssuer, keys: IssuerKeys) -> None:
    counted = Verifier(issuer, keys)
    token = issuer.token()

    assert {counted.principal_of(token).name for _ in range(5)} == {"clinic"}
    assert counted.looked == 1
    counted.now += REMEMBERED_SECONDS
    assert counted.principal_of(token).name == "clinic"
    assert counted.looked == 2


def test_a_token_that_is_remembered_expires_all_the_same(issuer: TokenIssuer, keys: IssuerKeys) -> None:
    counted = Verifier(issuer, keys)
    token = issuer.token(exp=int(counted.now) - LEEWAY + 10)

    counted.principal_of(token)
    counted.now += 11
    counted.principal_of(token)

    assert counted.looked == 2, "its validity is looked at again, by the clock of the rules"


def test_what_is_remembered_is_bounded_and_holds_valid_tokens_alone(issuer: TokenIssuer, keys: IssuerKeys) -> None:
    counted = Verifier(issuer, keys)
    for number in range(20):
        with pytest.raises(UnauthenticatedError):
            counted.principal_of(issuer.token(aud=str(number)))
    assert len(counted.verifier) == 0

    for number in range(20):
        counted.principal_of(issuer.token(sub=str(number)))
    assert len(counted.verifier) == 10
