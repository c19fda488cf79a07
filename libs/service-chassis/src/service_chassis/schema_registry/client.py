"""Lookups in one registry, with bounded waits and few kinds of failures."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Self, TypeVar

from service_chassis.schema_registry.errors import (
    RegistryUnauthorizedError,
    RegistryUnavailableError,
    SchemaNotFoundError,
)

Result = TypeVar("Result")

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


@dataclass(frozen=True, slots=True)
class RegisteredSchema:
    """One version of a subject; ``schema`` is its text."""

    id: int
    version: int
    subject: str
    schema: str


class SchemaRegistry:
    """Lookups in one registry; threads may share it. A context manager, which closes it at the end.

    Args:
        client_config: properties of confluent_kafka's SchemaRegistryClient (``url``, ``basic.auth.user.info`` …).
            ``timeout`` (seconds) and ``max.retries`` bound a call, by default to about three seconds.

    Raises:
        ValueError: the client does not take the configuration.
        OSError: a certificate file cannot be read.
    """

    def __init__(self, client_config: Mapping[str, str | int | float]) -> None:
        # A quarter of a second to import: only for those who make a client.
        from confluent_kafka.schema_registry import SchemaRegistryClient  # noqa: PLC0415

        # The client would keep the first "latest" version that it saw for as long as it lives.
        self._client = SchemaRegistryClient({**_BOUNDS, **client_config, "cache.latest.ttl.sec": 0})
        self._schemas: dict[int, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def latest(self, subject: str) -> RegisteredSchema:
        """Look up the latest version of a subject, at each call.

        Raises:
            SchemaNotFoundError: no such subject, or no version of it.
            RegistryUnauthorizedError: the credentials were rejected.
            RegistryUnavailableError: the registry is unavailable.
        """
        return _classified(f"subject {subject}", lambda: self._look_up_latest(subject))

    def by_id(self, schema_id: int) -> str:
        """Look up the text of a schema, once: an id never changes its meaning.

        Raises:
            SchemaNotFoundError: no such id.
            RegistryUnauthorizedError: the credentials were rejected.
            RegistryUnavailableError: the registry is unavailable.
        """
        schema = self._schemas.get(schema_id)
        if schema is None:
            schema = _classified(
                f"schema id {schema_id}", lambda: _present(self._client.get_schema(schema_id).schema_str)
            )
            self._schemas[schema_id] = schema
        return schema

    def close(self) -> None:
        """Close the connections; no lookup is possible afterwards."""
        self._client.close()

    def _look_up_latest(self, subject: str) -> RegisteredSchema:
        found = self._client.get_latest_version(subject)
        schema = _present(_present(found.schema).schema_str)
        return RegisteredSchema(_present(found.schema_id), _present(found.version), subject, schema)


def _present(value: Result | None) -> Result:
    if value is None:
        raise ValueError("the response lacks a field")
    return value


def _classified(what: str, look_up: Callable[[], Result]) -> Result:
    """Look up, and raise failures as what the caller can do about them."""
    from confluent_kafka.schema_registry.common._httpx_compat import httpx  # noqa: PLC0415
    from confluent_kafka.schema_registry.error import OAuthTokenError, SchemaRegistryError  # noqa: PLC0415

    try:
        return look_up()
    except SchemaRegistryError as error:
        status, code = error.http_status_code, error.error_code
        if status in (401, 403):
            raise RegistryUnauthorizedError(
                f"the schema registry rejected the request for {what}: HTTP status {status}"
            ) from error
        if code in _NOT_FOUND:
            raise SchemaNotFoundError(f"the schema registry has no {what}") from error
        raise RegistryUnavailableError(
            f"the schema registry responded with HTTP status {status}, error code {code} for {what}"
        ) from error
    except OAuthTokenError as error:
        raise RegistryUnauthorizedError(f"no token for the schema registry, needed for {what}") from error
    except httpx.HTTPError as error:
        raise RegistryUnavailableError(f"the schema registry cannot be reached for {what}: {error}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise RegistryUnavailableError(f"the schema registry's response for {what} is invalid: {error}") from error
