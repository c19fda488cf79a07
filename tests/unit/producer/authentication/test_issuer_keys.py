"""The keys of an issuer that is slow, unavailable, or has changed them; and floods that must not reach it."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from joserfc.jwk import RSAKey

from heartzone_producer.authentication import issuer_keys
from heartzone_producer.authentication.errors import IssuerUnavailableError, UnauthenticatedError
from heartzone_producer.authentication.issuer import fetch_keys
from heartzone_producer.authentication.issuer_keys import REFRESH_INTERVAL, RETRY_INTERVAL, IssuerKeys
from heartzone_producer.authentication.key_set import KeySet
from heartzone_producer.authentication.tokens import TokenHeader
from heartzone_testing.services.token_issuer import TokenIssuer

KNOWN = TokenHeader("RS256", "rsa")
UNKNOWN = TokenHeader("RS256", "unknown")


@pytest.fixture
def issuer() -> Iterator[TokenIssuer]:
    with TokenIssuer() as running:
        yield running


class Keys:
    """Keys that are fetched from an issuer, by a clock of the test's own."""

    def __init__(self, issuer: TokenIssuer) -> None:
        self.now = 1000.0
        self.fetches = 0
        self._issuer = issuer
        self.keys = IssuerKeys(self._fetch, clock=lambda: self.now)

    def _fetch(self) -> KeySet:
        self.fetches += 1
        return fetch_keys(self._issuer.url, f"{self._issuer.url}/keys", None)

    async def known(self) -> bool:
        return await self.keys.find(KNOWN) is not None


@pytest.fixture
def keys(issuer: TokenIssuer) -> Keys:
    return Keys(issuer)


async def _fetched(keys: IssuerKeys) -> None:
    """Return when the fetch that goes on has ended."""
    assert keys._fetching is not None
    await keys._fetching


def test_keys_are_fetched_once_for_all_requests(keys: Keys) -> None:
    async def requests() -> None:
        assert all(await asyncio.gather(*(keys.known() for _ in range(100))))
        assert await keys.known()

    asyncio.run(requests())

    assert keys.fetches == 1


def test_a_flood_of_unknown_ids_reaches_the_issuer_once_an_interval(keys: Keys) -> None:
    async def flood() -> None:
        assert await keys.known()
        for second in range(60):
            keys.now = 1000.0 + second
            for number in range(20):
                with pytest.raises(UnauthenticatedError):
                    await keys.keys.find(TokenHeader("RS256", f"{second}-{number}"))

    asyncio.run(flood())

    assert keys.fetches <= 60 / RETRY_INTERVAL


def test_a_key_that_the_issuer_adds_is_found_by_the_first_token_that_names_it(keys: Keys, issuer: TokenIssuer) -> None:
    async def rotation() -> None:
        assert await keys.known()
        issuer.publishes({**issuer.keys, "unknown": RSAKey.generate_key(2048)})
        keys.now += RETRY_INTERVAL
        assert await keys.keys.find(UNKNOWN)

    asyncio.run(rotation())


def test_a_key_that_the_issuer_withdraws_ends(keys: Keys, issuer: TokenIssuer) -> None:
    async def withdrawal() -> None:
        assert await keys.known()
        issuer.publishes({"ec": issuer.keys["ec"]})
        keys.now += REFRESH_INTERVAL + 1
        assert await keys.known(), "nobody waits for the keys that are fetched meanwhile"
        await _fetched(keys.keys)
        with pytest.raises(UnauthenticatedError):
            await keys.known()

    asyncio.run(withdrawal())


def test_an_outage_of_the_issuer_is_not_the_fault_of_a_token(keys: Keys, issuer: TokenIssuer) -> None:
    async def outage() -> None:
        issuer.responds_with(500, {})
        for _ in range(20):
            with pytest.raises(IssuerUnavailableError):
                await keys.known()
        assert keys.fetches == 1
        issuer.publishes(issuer.keys)
        keys.now += RETRY_INTERVAL
        assert await keys.known()

    asyncio.run(outage())


def test_keys_that_are_known_stay_in_use_during_an_outage(keys: Keys, issuer: TokenIssuer) -> None:
    async def outage() -> None:
        assert await keys.known()
        issuer.responds_with(500, {})
        keys.now += REFRESH_INTERVAL + 1
        with pytest.raises(IssuerUnavailableError):
            await keys.keys.find(UNKNOWN)
        assert await keys.known()

    asyncio.run(outage())


def test_a_request_does_not_wait_for_an_issuer_that_does_not_respond(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(issuer_keys, "WAIT", 0.01)
    responds = threading.Event()

    def fetch() -> KeySet:
        assert responds.wait(20)
        return KeySet([])

    async def request() -> None:
        keys = IssuerKeys(fetch)
        with pytest.raises(IssuerUnavailableError):
            await keys.find(KNOWN)
        responds.set()
        await _fetched(keys)
        with pytest.raises(UnauthenticatedError):
            await keys.find(KNOWN)

    asyncio.run(request())


def test_keys_are_found_by_discovery(issuer: TokenIssuer) -> None:
    assert len(fetch_keys(issuer.url, None, None)) == 3
    assert issuer.paths == ["/.well-known/openid-configuration", "/keys"]


@pytest.mark.parametrize(
    "document",
    [
        pytest.param({"issuer": "https://other.example.org", "keys": []}, id="of another issuer"),
        pytest.param([], id="no object"),
        pytest.param({"jwks_uri": "http://issuer.example.org/keys"}, id="keys without TLS"),
        pytest.param({"jwks_uri": "file:///etc/passwd"}, id="keys in a file"),
        pytest.param({"jwks_uri": 1}, id="keys nowhere"),
        pytest.param({"keys": []}, id="no key"),
        pytest.param({"keys": [{"kty": "oct", "k": "AAAA"}]}, id="no public key"),
    ],
)
def test_what_is_no_description_of_the_issuer_is_not_believed(issuer: TokenIssuer, document: Any) -> None:
    described = {"issuer": issuer.url, "jwks_uri": f"{issuer.url}/keys"}
    issuer.responds_with(200, {**described, **document} if isinstance(document, dict) else document)

    with pytest.raises(IssuerUnavailableError):
        fetch_keys(issuer.url, None, None)


def test_what_is_no_response_of_an_issuer_is_not_believed(issuer: TokenIssuer) -> None:
    for status, body, headers in (
        (302, b"", {"Location": issuer.url}),
        (200, b"not JSON", {}),
        (200, b"\x1f\x8b", {"Content-Encoding": "gzip"}),
        (200, b"[" * 2_000_000, {}),
    ):
        issuer.status, issuer.body, issuer.headers = status, body, headers
        with pytest.raises(IssuerUnavailableError):
            fetch_keys(issuer.url, f"{issuer.url}/keys", None)


def test_nothing_listens(issuer: TokenIssuer) -> None:
    with pytest.raises(IssuerUnavailableError, match="cannot be fetched"):
        fetch_keys("http://127.0.0.1:1", None, None)
