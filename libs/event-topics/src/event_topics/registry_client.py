"""One registry's requests, as the subjects' side needs them: counted, bounded, and each refusal a Failure.

Once the registry does not answer, what follows is refused without asking, until `begin` is called for the next round.
"""

import ssl
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from event_topics.failures import Failure
from event_topics.registry_failures import refused, unavailable, untrusted

if TYPE_CHECKING:
    from confluent_kafka.schema_registry import SchemaRegistryClient

_T = TypeVar("_T")

_LISTED_AT_ONCE = 10_000


class InvalidRegistryConfig(ValueError):
    """The client properties are not ones that a registry client can start with; the message says which."""


class NoAnswer(Exception):
    """The registry refused, or is away; `code` is the Confluent API's, None when there was no answer."""

    def __init__(self, failure: Failure, code: int | None = None) -> None:
        super().__init__(failure.message)
        self.failure = failure
        self.code = code


class RegistryClient:
    """`timeout` in seconds bounds the wait for a connection and for each next piece of an answer."""

    def __init__(
        self, client_config: Mapping[str, str | int | float], *, timeout: float, on_request: Callable[[], None]
    ) -> None:
        """Start without connecting. Raises InvalidRegistryConfig."""
        # Imported late: the registry's client takes longer to import than all else here together.
        from confluent_kafka.schema_registry import SchemaRegistryClient  # noqa: PLC0415

        self._on_request = on_request
        self._away: Failure | None = None
        self._url = _without_credentials(str(client_config.get("url", "")))
        bounds = {"timeout": timeout, "max.retries": 1, "retries.wait.ms": 200, "retries.max.wait.ms": 500}
        try:
            self._client = SchemaRegistryClient({**bounds, **client_config})
        except (ValueError, TypeError, OSError) as error:
            raise InvalidRegistryConfig(f"The registry's client refuses its properties: {error}.") from error

    def close(self) -> None:
        """Close the connections; the client is of no use afterwards."""
        self._client.close()

    def begin(self) -> None:
        """Ask anew: the client would answer a question, and even a registration, with what it saw last time."""
        self._away = None
        self._client.clear_caches()  # type: ignore[no-untyped-call]

    def ask(self, call: Callable[["SchemaRegistryClient"], _T]) -> _T:
        """Make one request. Raises NoAnswer."""
        from confluent_kafka.schema_registry.error import SchemaRegistryError  # noqa: PLC0415 - as in __init__

        if self._away is not None:  # a thousand subjects must not wait for a thousand time-outs
            raise NoAnswer(self._away)
        self._on_request()
        try:
            return call(self._client)
        except SchemaRegistryError as error:
            raise NoAnswer(refused(error, self._url), error.error_code) from error
        except Exception as error:
            if (distrust := _distrust(error)) is not None:
                self._away = untrusted(self._url, distrust.verify_message)
                raise NoAnswer(self._away) from error
            # Whatever else the client raises comes from its HTTP library or from an answer that it cannot read.
            words = f"did not answer as a registry does: {type(error).__name__} {error}"
            self._away = unavailable(self._url, words.rstrip())
            raise NoAnswer(self._away) from error

    def ask_or_none(self, call: Callable[["SchemaRegistryClient"], _T], *, absent: Collection[int]) -> _T | None:
        """Make one request; None when the registry answers with one of the codes `absent`. Raises NoAnswer."""
        try:
            return self.ask(call)
        except NoAnswer as no_answer:
            if no_answer.code in absent:
                return None
            raise

    def listing(self, path: str) -> list[Any]:
        """Return all that the registry lists: it gives 1,000 at a time, or what it is asked for up to its own limit.

        Raises NoAnswer.
        """
        found: list[Any] = []
        while True:
            query = {"offset": len(found), "limit": _LISTED_AT_ONCE}
            # The client has no method for GET /schemas.
            page = self.ask(lambda client: client._rest_client.get(path, query))  # noqa: B023
            if not page or page == found[-len(page) :]:
                return found  # the end, or a registry that gives no second page
            found += page
            if len(page) % 1_000:
                return found


def _distrust(error: BaseException | None) -> ssl.SSLCertVerificationError | None:
    """Return what was wrong with the registry's certificate, if that is at the bottom of the error."""
    while error is not None and not isinstance(error, ssl.SSLCertVerificationError):
        error = error.__cause__ or error.__context__
    return error


def _without_credentials(url: str) -> str:
    """Return the URL as messages may show it."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
