"""JSON Web Tokens as RFC 8725 wants them checked: which keys may have signed one, and what it has to say. Pure."""

import json
from collections.abc import Collection
from typing import Any, NoReturn

from joserfc.errors import ClaimError, ExpiredTokenError, JoseError, UnsupportedAlgorithmError
from joserfc.jwa import JWSAlgModel
from joserfc.jwk import Key
from joserfc.jws import JWSRegistry, deserialize_compact
from joserfc.jwt import JWTClaimsRegistry
from joserfc.util import urlsafe_b64decode
from msgspec import Struct

from heartzone_producer.authentication.errors import UnauthenticatedError
from heartzone_producer.authentication.principals import DevicePatterns, Principal, device_patterns

METHOD = "jwt"
MAX_TOKEN_LENGTH = 16_384
MAX_KEY_ID_LENGTH = 256
MAX_NAME_LENGTH = 255

# RFC 8725, 3.11: other kinds of JWT are no access tokens; RFC 9068 is a kind of its own.
_TYPES = frozenset({"jwt", "at+jwt", "application/jwt", "application/at+jwt"})
# A token that brings the key to check it with, or says where to fetch one, is not followed (RFC 8725, 3.10).
_KEY_SOURCES = frozenset({"jku", "jwk", "x5u"})


class TokenHeader(Struct, frozen=True):
    """What an unverified token says about its signature."""

    algorithm: str
    key_id: str | None


class VerifiedToken(Struct, frozen=True):
    """Who a token was issued to, and until when it is valid, in seconds since 1970."""

    principal: Principal
    until: float


class TokenRules:
    """What a token has to be.

    Args:
        algorithms: those of `SIGNATURE_ALGORITHMS` that are allowed.
        leeway: seconds by which clocks may differ.
        principal_claim: claim whose text is the principal's name.
        devices_claim: claim with the devices that the principal may send for, as a text or an array of texts. Where it
            is given, a token without it is for no device at all.
    """

    def __init__(
        self,
        *,
        issuer: str,
        audience: str,
        algorithms: Collection[str],
        leeway: int,
        principal_claim: str,
        devices_claim: str | None,
    ) -> None:
        self._algorithms = frozenset(algorithms)
        self._registry = _Algorithms(algorithms=self._algorithms, strict_check_header=False)
        self._claims = JWTClaimsRegistry(
            leeway=leeway,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": audience},
            exp={"essential": True},
        )
        self._principal_claim = principal_claim
        self._devices_claim = devices_claim

    def read_header(self, token: bytes) -> TokenHeader:
        """What the signature claims to be, if that is allowed.

        Raises:
            UnauthenticatedError: it is not, or this is no token.
        """
        if len(token) > MAX_TOKEN_LENGTH:
            _reject(f"it is longer than {MAX_TOKEN_LENGTH} bytes")
        if token.count(b".") != 2:
            _reject("it does not have three parts")
        header = _decode(token.partition(b".")[0], "header")
        algorithm, key_id, kind = header.get("alg"), header.get("kid"), header.get("typ", "JWT")
        if not isinstance(algorithm, str) or algorithm not in self._algorithms:
            _reject("its algorithm is not allowed")
        if not isinstance(kind, str) or kind.lower() not in _TYPES:
            _reject("its type (typ) is not that of an access token")
        if not isinstance(key_id, str | None) or len(key_id or "") > MAX_KEY_ID_LENGTH:
            _reject("its key id (kid) is none")
        if "crit" in header:
            _reject("it has a critical extension (crit), of which none is known")
        if _KEY_SOURCES & header.keys():
            _reject("it names a source of its key (jku, jwk, x5u), which is not followed")
        return TokenHeader(algorithm, key_id)

    def verify(self, token: bytes, key: Key) -> VerifiedToken:
        """Who a token was issued to, if it was signed with the key and is valid now.

        Raises:
            UnauthenticatedError: it is not.
        """
        try:
            payload = deserialize_compact(token, key, registry=self._registry).payload
        except (JoseError, ValueError, TypeError):
            _reject("its signature does not hold")
        claims = _parse(payload or b"", "claims")
        try:
            self._claims.validate(claims)
        except ExpiredTokenError:
            _reject("it has expired")
        except ClaimError as error:
            # The description quotes the name of a claim at most.
            _reject(f"its claim {error.claim} is missing or not as expected")
        principal = Principal(METHOD, self._name(claims), self._devices(claims))
        return VerifiedToken(principal, claims["exp"] + self._claims.leeway)

    def _name(self, claims: dict[str, Any]) -> str:
        name = claims.get(self._principal_claim)
        if not isinstance(name, str) or not 0 < len(name) <= MAX_NAME_LENGTH:
            _reject(f"its claim {self._principal_claim} names no principal")
        return name

    def _devices(self, claims: dict[str, Any]) -> DevicePatterns | None:
        if self._devices_claim is None:
            return None
        value = claims.get(self._devices_claim, [])
        texts = [value] if isinstance(value, str) else value
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            _reject(f"its claim {self._devices_claim} is no list of devices")
        try:
            return device_patterns(texts)
        except ValueError:
            _reject(f"its claim {self._devices_claim} has what is no device, nor its beginning followed by *")


class _Algorithms(JWSRegistry):
    """The allowed algorithms, and nothing else; joserfc's own warns of EdDSA, whose name is deprecated (RFC 9864)."""

    max_header_length = MAX_TOKEN_LENGTH
    max_payload_length = MAX_TOKEN_LENGTH
    max_signature_length = MAX_TOKEN_LENGTH

    def get_alg(self, name: str) -> JWSAlgModel:
        if name not in (self.allowed or ()):
            raise UnsupportedAlgorithmError
        return self.algorithms[name]


def _decode(part: bytes, name: str) -> dict[str, Any]:
    try:
        text = urlsafe_b64decode(part)
    except (ValueError, TypeError, IndexError):
        _reject(f"its {name} is not base64url")
    return _parse(text, name)


def _parse(text: bytes, name: str) -> dict[str, Any]:
    """A JSON object; one with two members of a name is none, because readers differ on which counts (RFC 7515, 4)."""
    try:
        document = json.loads(text.decode(), object_pairs_hook=_unique, parse_constant=_no_number)
    except (ValueError, RecursionError):
        _reject(f"its {name} is no JSON object with unique members")
    if not isinstance(document, dict):
        _reject(f"its {name} is no JSON object")
    return document


def _unique(members: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(members)
    if len(document) < len(members):
        raise ValueError
    return document


def _no_number(text: str) -> NoReturn:
    raise ValueError(text)


def _reject(why: str) -> NoReturn:
    raise UnauthenticatedError(f"the token is not valid: {why}", invalid_token=True) from None
