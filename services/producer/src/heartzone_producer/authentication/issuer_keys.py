"""The keys of an issuer, cached, and fetched again at a bounded rate."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from time import monotonic

import structlog
from joserfc.jwk import Key

from heartzone_producer.authentication.errors import IssuerUnavailableError, UnauthenticatedError
from heartzone_producer.authentication.key_set import KeySet
from heartzone_producer.authentication.tokens import TokenHeader

REFRESH_INTERVAL = 300.0
"""Seconds after which keys are fetched again, so that one that the issuer has withdrawn ends."""
RETRY_INTERVAL = 10.0
"""Seconds at least between two fetches, whatever ids tokens name and whether the issuer responds."""
WAIT = 5.0
"""Seconds for which a request waits for keys."""

log = structlog.get_logger(__name__)


class IssuerKeys:
    """Belongs to the event loop's thread; ``fetch`` runs on another, may block, and may raise IssuerUnavailableError.

    Keys that cannot be fetched again stay in use: an outage of the issuer is none of the service.
    """

    def __init__(self, fetch: Callable[[], KeySet], *, clock: Callable[[], float] = monotonic) -> None:
        self._fetch = fetch
        self._clock = clock
        self._keys: KeySet | None = None
        self._fetched_at = self._attempted_at = float("-inf")
        self._problem: str | None = None
        self._fetching: asyncio.Future[None] | None = None

    async def find(self, header: TokenHeader) -> Key:
        """The key of a token.

        Raises:
            UnauthenticatedError: the issuer has no such key.
            IssuerUnavailableError: it is not known whether it has.
        """
        now = self._clock()
        key = self._known(header)
        if key is None and (self._fetching or self._may_fetch(now)):
            await self._refreshed()
            key = self._known(header)
        elif now - self._fetched_at > REFRESH_INTERVAL and not self._fetching and self._may_fetch(now):
            self._begin()  # nobody waits for it: the keys that are known are good
        if key is not None:
            return key
        if self._problem is not None:
            raise IssuerUnavailableError("the keys of the tokens' issuer cannot be fetched")
        raise UnauthenticatedError("the token is not valid: its key is not one of the issuer's", invalid_token=True)

    def _known(self, header: TokenHeader) -> Key | None:
        return None if self._keys is None else self._keys.find(header.key_id, header.algorithm)

    def _may_fetch(self, now: float) -> bool:
        return now - self._attempted_at >= RETRY_INTERVAL

    async def _refreshed(self) -> None:
        """Wait for one fetch, which all requests share."""
        fetching = self._fetching or self._begin()
        # A request that ends early leaves it to the others.
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(fetching), WAIT)
            return
        self._problem = self._problem or f"no response within {WAIT:g} s"

    def _begin(self) -> asyncio.Future[None]:
        loop = asyncio.get_running_loop()
        fetching = self._fetching = loop.create_future()
        self._attempted_at = self._clock()

        def fetch() -> None:
            result: KeySet | str
            try:
                result = self._fetch()
            except IssuerUnavailableError as error:
                result = str(error)
            except Exception as error:
                log.exception("issuer_keys_fetch_crashed")
                result = f"{type(error).__name__}; the log says why"
            # The loop is closed when it comes after the last request had its response.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(self._end, fetching, result)

        # A daemon, so that an issuer that does not respond holds up no stop.
        Thread(target=fetch, name="issuer-keys", daemon=True).start()
        return fetching

    def _end(self, fetching: asyncio.Future[None], result: KeySet | str) -> None:
        self._fetching = None
        if isinstance(result, str):
            if result != self._problem:
                log.warning("issuer_keys_unavailable", reason=result)
            self._problem = result
        else:
            if self._keys is None or self._problem is not None:
                log.info("issuer_keys_fetched", keys=len(result))
            self._keys, self._problem, self._fetched_at = result, None, self._clock()
        fetching.set_result(None)
