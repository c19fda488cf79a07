"""Mapping of the registry's error responses to reasons. The numbers are those of the Confluent API."""

import re
from typing import TYPE_CHECKING

from event_topics.model.failures import Failure
from event_topics.model.reasons import FailureReason

if TYPE_CHECKING:
    from confluent_kafka.schema_registry.error import SchemaRegistryError

    from event_topics.registry.foreign_responses import ForeignResponseError

SUBJECT_NOT_FOUND, VERSION_NOT_FOUND, SCHEMA_NOT_FOUND, SUBJECT_SOFT_DELETED = 40401, 40402, 40403, 40404
SUBJECT_LEVEL_NOT_SET = 40408
INVALID_SCHEMA, INVALID_COMPATIBILITY = 42201, 42203

_REASONS = {
    409: FailureReason.INCOMPATIBLE_SCHEMA,  # by the HTTP status: the code with it differs between registries
    INVALID_SCHEMA: FailureReason.INVALID_SCHEMA,
    INVALID_COMPATIBILITY: FailureReason.INVALID_COMPATIBILITY,
}
_JAVA_CLASS = re.compile(r"^(?:[a-z]\w*\.)+[A-Z]\w*: ")


def rejected(error: "SchemaRegistryError", url: str) -> Failure:
    """Turn an error response into a reason and a sentence that quotes the registry."""
    status, code = error.http_status_code, code_of(error)
    words = _JAVA_CLASS.sub("", str(error.error_message or "")).rstrip(".") or f"HTTP status {status}"
    if status in {401, 403}:
        return Failure(
            FailureReason.REGISTRY_UNAUTHORIZED,
            f"The schema registry at {url} responds with {status}: check the user, the password and its rights.",
        )
    if status in {408, 429} or status >= 500:
        return unavailable(url, f"responds with {status}: {words}")
    reason = _REASONS.get(status) or _REASONS.get(code or 0, FailureReason.REGISTRY_REFUSED)
    return Failure(reason, f"The registry says: {words} (HTTP {status}, code {error.error_code}).")


def code_of(error: "SchemaRegistryError") -> int | None:
    """Return the Confluent API's code; None for one that does not go with the HTTP status, which says nothing."""
    code = error.error_code
    return code if isinstance(code, int) and code // 100 == error.http_status_code else None


def foreign(url: str, error: "ForeignResponseError") -> Failure:
    """Return the failure of a response that is none of a registry's."""
    if not error.misplaced:
        return unavailable(url, f"did not respond as a registry does: {error}")
    return Failure(
        FailureReason.REGISTRY_NOT_FOUND,
        f"There is no schema registry at {url} ({error}): give the address of its Confluent API, which for Apicurio "
        "ends in /apis/ccompat/v7.",
    )


def unavailable(url: str, what: str) -> Failure:
    """Return a failure of a registry that does not respond, or cannot serve."""
    return Failure(FailureReason.REGISTRY_UNAVAILABLE, f"The schema registry at {url} {what}.")


def untrusted(url: str, why: str) -> Failure:
    """Return a failure of a registry whose certificate the client does not trust."""
    return Failure(
        FailureReason.REGISTRY_UNTRUSTED,
        f"The certificate of the schema registry at {url} is not trusted ({why}): set ssl.ca.location to the file "
        "with the certificate of the authority that signed it.",
    )
