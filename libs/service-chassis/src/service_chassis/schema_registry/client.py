"""Lookups in one registry, with bounded waits and few kinds of failures."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self, TypeVar
from urllib.parse import quote

from service_chassis.schema_registry.errors import (
    RegistryError,
    RegistryUnauthorizedError,
    RegistryUnavailableError,
    SchemaNotFoundError,
)

Result = TypeVar("Result")

MAX_SCHEMA_ID = 2**31 - 1
"""Registries count ids in Java's int, although the wire format has room for one bit more."""

# Confluent's error codes for a subject, a version and a schema that are not there.
_NOT_FOUND = frozenset({40401, 40402, 40403})

# A caller waits for two attempts at most. One retry, because a registry that was restarted closes the
# connections that were kept open to it.
_BOUNDS: Mapping[str, str | int | float] = {
    "timeout": 1.5,
    "max.retries": 1,
    "retries.wait.ms": 100,
    "retries.max.wait.ms": 100,
}
_MAX_TEXT = 300
"""Characters of an error's text: a proxy may respond with a whole page."""


@dataclass(frozen=True, slots=True)
class RegisteredSchema:
    """One version of a subject; ``schema`` is its text."""

    id: int
    version: int
    subject: str
    schema: str


class SchemaRegistry:
    """Lookups in one registry; threads may share it. A context manager, which closes it at the end.

    Each call is a request of its own: nothing is remembered, so that callers see what the registry has now. Whatever
    goes wrong in a lookup is a RegistryError, a response of any other shape included.

    Args:
        client_config: properties of confluent_kafka's SchemaRegistryClient (``url``, ``basic.auth.user.info`` …).
            ``timeout`` (seconds) and ``max.retries`` bound a call, by default to about three seconds.

    Raises:
        ValueError: the client does not take the configuration.
        OSError: a certificate file cannot be read.
    """

    def __init__(self, client_config: Mapping[str, str | int | float]) -> None:
        self.reconnect(client_config)

    def reconnect(self, client_config: Mapping[str, str | int | float]) -> None:
        """Go on with these properties; lookups that are under way end as they began. Raises as the constructor does."""
        # A quarter of a second to import: only for those who make a client.
        from confluent_kafka.schema_registry import SchemaRegistryClient  # noqa: PLC0415

        from service_chassis.schema_registry.foreign_responses import reject_foreign_responses  # noqa: PLC0415
        from service_chassis.schema_registry.response_limits import bound_responses  # noqa: PLC0415

        client = SchemaRegistryClient({**_BOUNDS, **client_config})
        bound_responses(client._rest_client.session)
        reject_foreign_responses(client._rest_client.session)
        self._client = client

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def latest(self, subject: str) -> RegisteredSchema:
        """Look up the latest version of a subject.

        Raises:
            SchemaNotFoundError: no such subject, or no version of it.
            RegistryUnauthorizedError: the credentials were rejected.
            RegistryUnavailableError: the registry is unavailable.
        """
        return _classified(f"subject {subject}", lambda: self._look_up_latest(subject))

    def by_id(self, schema_id: int) -> str:
        """Look up the text of a schema. An id never changes its meaning, unless the registry loses what it had.

        Raises:
            SchemaNotFoundError: no such id.
            RegistryUnauthorizedError: the credentials were rejected.
            RegistryUnavailableError: the registry is unavailable.
        """
        return _classified(f"schema id {schema_id}", lambda: self._look_up_text(schema_id))

    @property
    def _requests(self) -> Any:
        # Below the client's methods, whose caches have no bounds and whose parsers expect the right shape. Threads
        # share nothing but the HTTP session, which is made for that.
        return self._client._rest_client

    def close(self) -> None:
        """Close the connections; no lookup is possible afterwards."""
        self._client.close()

    def _look_up_latest(self, subject: str) -> RegisteredSchema:
        document = self._requests.get(f"subjects/{quote(subject, safe='')}/versions/latest")
        schema_id, version = _number(document, "id"), _number(document, "version")
        return RegisteredSchema(schema_id, version, subject, _text(document, "schema"))

    def _look_up_text(self, schema_id: int) -> str:
        return _text(self._requests.get(f"schemas/ids/{schema_id}"), "schema")


def _field(document: Any, name: str) -> Any:
    if not isinstance(document, dict):
        raise ValueError(f"it is no JSON object: {document!r}")
    return document.get(name)


def _number(document: Any, name: str) -> int:
    value = _field(document, name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_SCHEMA_ID:
        raise ValueError(f"its {name} is {value!r}; a number of 0 to {MAX_SCHEMA_ID} was expected")
    return value


def _text(document: Any, name: str) -> str:
    value = _field(document, name)
    if not isinstance(value, str):
        raise ValueError(f"its {name} is {value!r}; a text was expected")
    return value


def _classified(what: str, look_up: Callable[[], Result]) -> Result:
    """Look up, and raise failures as what the caller can do about them.

    The last clause has no list: nothing that a client library raises may end a process that can wait.
    """
    from confluent_kafka.schema_registry.common._httpx_compat import httpx  # noqa: PLC0415
    from confluent_kafka.schema_registry.error import OAuthTokenError, SchemaRegistryError  # noqa: PLC0415

    from service_chassis.schema_registry.foreign_responses import (  # noqa: PLC0415
        ForeignResponseError,
        without_credentials,
    )

    try:
        return look_up()
    except RegistryError:
        raise
    except SchemaRegistryError as error:
        status, code = error.http_status_code, error.error_code
        if status in (401, 403):
            raise RegistryUnauthorizedError(
                f"the schema registry rejected the request for {what}: HTTP status {status}"
            ) from error
        # The type first: a code of a wrong shape may have no hash.
        if isinstance(code, int) and code in _NOT_FOUND and status == 404:
            raise SchemaNotFoundError(f"the schema registry has no {what}") from error
        raise RegistryUnavailableError(
            _shortened(f"the schema registry responded with HTTP status {status}, error code {code} for {what}")
        ) from error
    except OAuthTokenError as error:
        raise RegistryUnauthorizedError(f"no token for the schema registry, needed for {what}") from error
    except ForeignResponseError as error:
        raise RegistryUnavailableError(
            _shortened(f"the response for {what} is none of a schema registry's: {error}")
        ) from error
    except httpx.HTTPError as error:
        words = without_credentials(str(error)) or type(error).__name__
        raise RegistryUnavailableError(
            _shortened(f"the schema registry cannot be reached for {what}: {words}")
        ) from error
    except Exception as error:
        words = f"{type(error).__name__}: {without_credentials(str(error))}"
        raise RegistryUnavailableError(
            _shortened(f"the schema registry's response for {what} is invalid: {words}")
        ) from error


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _MAX_TEXT else f"{line[: _MAX_TEXT - 1]}…"
