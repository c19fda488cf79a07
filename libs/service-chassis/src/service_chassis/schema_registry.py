"""Looks schemas up in a registry that speaks Confluent's API. Reads only: registering is a deployment's business.

RegistryError
├── SchemaNotFound        the registry answered: no such subject, version or id
├── RegistryUnauthorized  the credentials are missing, wrong or not enough (401, 403)
└── RegistryUnavailable   no answer, or none that a working registry gives; asking again may help
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Self, TypeVar

Found = TypeVar("Found")

# Confluent's error codes for a subject, a version and a schema that are not there.
_NOT_FOUND = frozenset({40401, 40402, 40403})

# A caller waits at most for two attempts. One retry, because a registry that was restarted closes the
# connections that were kept open to it.
_BOUNDS: Mapping[str, str | int | float] = {
    "timeout": 1.5,
    "max.retries": 1,
    "retries.wait.ms": 100,
    "retries.max.wait.ms": 100,
}


class RegistryError(Exception):
    """A lookup did not succeed; the text says what was looked for and what the registry said."""


class SchemaNotFound(RegistryError):
    """The registry does not have it. Ids replicate late: it may have it in a moment."""


class RegistryUnavailable(RegistryError):
    """The registry did not answer, or answered as only a broken one does."""


class RegistryUnauthorized(RegistryError):
    """The registry refused the credentials."""


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
        """The latest version of a subject, asked for each time.

        Raises:
            SchemaNotFound: no such subject, or no version of it.
            RegistryUnauthorized: the credentials were refused.
            RegistryUnavailable: the registry is away.
        """
        return _answer(f"subject {subject}", lambda: self._ask_latest(subject))

    def by_id(self, schema_id: int) -> str:
        """The text of a schema, asked for once: an id never changes its meaning.

        Raises:
            SchemaNotFound: no such id.
            RegistryUnauthorized: the credentials were refused.
            RegistryUnavailable: the registry is away.
        """
        schema = self._schemas.get(schema_id)
        if schema is None:
            schema = _answer(f"schema id {schema_id}", lambda: _present(self._client.get_schema(schema_id).schema_str))
            self._schemas[schema_id] = schema
        return schema

    def close(self) -> None:
        """Close the connections; the registry cannot be asked afterwards."""
        self._client.close()

    def _ask_latest(self, subject: str) -> RegisteredSchema:
        found = self._client.get_latest_version(subject)
        schema = _present(_present(found.schema).schema_str)
        return RegisteredSchema(_present(found.schema_id), _present(found.version), subject, schema)


def _present(value: Found | None) -> Found:
    if value is None:
        raise ValueError("the answer lacks a field")
    return value


def _answer(what: str, ask: Callable[[], Found]) -> Found:
    """Ask, and tell failures apart by what the caller can do about them."""
    from confluent_kafka.schema_registry.common._httpx_compat import httpx  # noqa: PLC0415
    from confluent_kafka.schema_registry.error import OAuthTokenError, SchemaRegistryError  # noqa: PLC0415

    try:
        return ask()
    except SchemaRegistryError as error:
        status, code = error.http_status_code, error.error_code
        if status in (401, 403):
            raise RegistryUnauthorized(f"the schema registry refused to tell {what}: HTTP status {status}") from error
        if code in _NOT_FOUND:
            raise SchemaNotFound(f"the schema registry has no {what}") from error
        raise RegistryUnavailable(
            f"the schema registry answered HTTP status {status}, error code {code} for {what}"
        ) from error
    except OAuthTokenError as error:
        raise RegistryUnauthorized(f"no token for the schema registry, asked for {what}") from error
    except httpx.HTTPError as error:
        raise RegistryUnavailable(f"the schema registry cannot be reached for {what}: {error}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise RegistryUnavailable(f"the schema registry's answer for {what} is not one: {error}") from error
