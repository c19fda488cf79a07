"""Requests to one schema registry: counted, bounded in time, each error a Failure.

Once the registry does not respond, further requests fail without being sent, until `begin` starts the next round. One
subject on which it fails is no outage: before one is declared, a request about no subject is made.
"""

import ssl
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

from event_topics.model.failures import Failure
from event_topics.model.reasons import FailureReason
from event_topics.registry.errors import code_of, foreign, rejected, unavailable, untrusted
from event_topics.registry.responses import list_of, of_type

if TYPE_CHECKING:
    from confluent_kafka.schema_registry import SchemaRegistryClient

_T = TypeVar("_T")

_PAGE_SIZE = 10_000
# The paths of its Confluent API and of its own.
_APICURIO = "/apis/ccompat/v7", "/apis/registry/v3"
# A subject without a response costs a timeout; of so many in one round, the others need not wait for theirs.
_MAX_WITHOUT_RESPONSE = 8


class InvalidRegistryConfigError(ValueError):
    """The client properties are not ones that a registry client can start with; the message says which."""


class RegistryRequestError(Exception):
    """The registry rejected a request or is unavailable; `code` is the Confluent API's, None without a response."""

    def __init__(self, failure: Failure, code: int | None = None) -> None:
        super().__init__(failure.message)
        self.failure = failure
        self.code = code


class RegistryClient:
    """`timeout` in seconds bounds the wait for a connection and for each next chunk of a response."""

    def __init__(
        self, client_config: Mapping[str, str | int | float], *, timeout: float, on_request: Callable[[], None]
    ) -> None:
        """Start without connecting. Raises InvalidRegistryConfigError."""
        self._timeout = timeout
        self._on_request = on_request
        self._unavailable: Failure | None = None
        self._without_response = 0
        self._probing = Lock()
        self._responded_at = 0.0
        self.reconnect(client_config)

    def reconnect(self, client_config: Mapping[str, str | int | float]) -> None:
        """Go on with a client that has these properties; requests that are under way end with the one before.

        From any thread. Raises InvalidRegistryConfigError; nothing has changed then.
        """
        # Imported late: the registry's client takes longer to import than all else here together.
        from confluent_kafka.schema_registry import SchemaRegistryClient  # noqa: PLC0415

        from event_topics.registry.foreign_responses import reject_foreign_responses, without_credentials  # noqa: PLC0415

        address = str(client_config.get("url", ""))
        bounds = {"timeout": self._timeout, "max.retries": 1, "retries.wait.ms": 200, "retries.max.wait.ms": 500}
        try:
            client = SchemaRegistryClient({**bounds, **client_config})
            own_api = SchemaRegistryClient({**bounds, **client_config, "url": address.replace(*_APICURIO)})
        except (ValueError, TypeError, OSError) as error:
            raise InvalidRegistryConfigError(
                f"The properties of the registry's client are invalid: {error}."
            ) from error
        reject_foreign_responses(client._rest_client.session)
        self._client, self._own_api, self._url = client, own_api, without_credentials(address)
        self.has_search = _APICURIO[0] in address

    def close(self) -> None:
        """Close the connections; the client cannot be used afterwards."""
        self._client.close()
        self._own_api.close()

    def search(self, query: Mapping[str, str | int]) -> dict[str, Any]:
        """Search the versions of all subjects by Apicurio's own API, if `has_search`. Raises RegistryRequestError."""
        return self._send(
            lambda _: of_type(self._own_api._rest_client.get("search/versions", dict(query)), dict, "the response")
        )

    def begin(self) -> None:
        """Start a round of requests without cached responses: the client caches lookups, and even registrations."""
        self._unavailable, self._without_response = None, 0
        self._client.clear_caches()  # type: ignore[no-untyped-call]

    def request(self, call: Callable[["SchemaRegistryClient"], _T]) -> _T:
        """Make one request about one subject. Raises RegistryRequestError."""
        try:
            return self._send(call)
        except RegistryRequestError as error:
            if not error.failure.transient or error.failure is self._unavailable:
                raise
            raise RegistryRequestError(self._outage_or_own(error), error.code) from error

    def _outage_or_own(self, error: RegistryRequestError) -> Failure:
        """Return the failure of the outage if there is one, else the one of the subject alone."""
        failed_at = time.monotonic()
        with self._probing:
            if self._unavailable is None and self._responded_at < failed_at:
                self._probe()
                self._responded_at = time.monotonic()
            if error.code is None:
                self._without_response += 1
            if self._unavailable is None and self._without_response > _MAX_WITHOUT_RESPONSE:
                self._unavailable = error.failure
            return self._unavailable or replace(error.failure, reason=FailureReason.SUBJECT_FAILED)

    def _probe(self) -> None:
        """Find out by a request about no subject whether the registry serves; `_unavailable` says so otherwise."""
        try:
            self._send(lambda client: list_of(client._rest_client.get("subjects", {"offset": 0, "limit": 1}), str))
        except RegistryRequestError as error:
            if error.failure.transient:
                self._unavailable = error.failure

    def _send(self, call: Callable[["SchemaRegistryClient"], _T]) -> _T:
        from confluent_kafka.schema_registry.error import SchemaRegistryError  # noqa: PLC0415 - as in reconnect

        from event_topics.registry.foreign_responses import ForeignResponseError, without_credentials  # noqa: PLC0415

        if self._unavailable is not None:  # a thousand subjects must not wait for a thousand timeouts
            raise RegistryRequestError(self._unavailable)
        self._on_request()
        try:
            return call(self._client)
        except SchemaRegistryError as error:
            raise RegistryRequestError(rejected(error, self._url), code_of(error)) from error
        except ForeignResponseError as error:
            raise RegistryRequestError(foreign(self._url, error)) from error
        except Exception as error:
            if (untrusted_certificate := _certificate_error(error)) is not None:
                self._unavailable = untrusted(self._url, untrusted_certificate.verify_message)
                raise RegistryRequestError(self._unavailable) from error
            # Anything else that the client raises comes from its HTTP library or from a response that it cannot parse.
            words = f"did not respond as a registry does: {type(error).__name__} {without_credentials(str(error))}"
            raise RegistryRequestError(unavailable(self._url, words.rstrip())) from error

    def request_or_none(self, call: Callable[["SchemaRegistryClient"], _T], *, absent: Collection[int]) -> _T | None:
        """Make one request; None when the error's code is one of `absent`. Raises RegistryRequestError."""
        try:
            return self.request(call)
        except RegistryRequestError as error:
            if error.code in absent:
                return None
            raise

    def listing(self, path: str, kind: type[_T]) -> list[_T]:
        """Return all pages of a listing: the registry returns 1,000 items a page, or the limit asked for up to its own.

        Each item is of this type.

        Raises RegistryRequestError.
        """
        found: list[_T] = []
        while True:
            query = {"offset": len(found), "limit": _PAGE_SIZE}
            # The client has no method for GET /schemas.
            # About no subject, so its failure is an outage.
            page = self._send(lambda client: list_of(client._rest_client.get(path, query), kind))  # noqa: B023
            if not page or page == found[-len(page) :]:
                return found  # the end, or a registry without paging
            found += page
            if len(page) % 1_000:
                return found


def _certificate_error(error: BaseException | None) -> ssl.SSLCertVerificationError | None:
    """Return the certificate error that caused this one, if any."""
    while error is not None and not isinstance(error, ssl.SSLCertVerificationError):
        error = error.__cause__ or error.__context__
    return error
