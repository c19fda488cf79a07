"""Mapping of the registry's error responses to reasons. The numbers are those of the Confluent API."""

import re
from typing import TYPE_CHECKING

from event_topics.model.failures import Failure
from event_topics.model.reasons import FailureReason

if TYPE_CHECKING:
    from confluent_kafka.schema_registry.error import SchemaRegistryError

SUBJECT_NOT_FOUND, VERSION_NOT_FOUND, SCHEMA_NOT_FOUND, SUBJECT_SOFT_DELETED = 40401, 40402, 40403, 40404
SUBJECT_LEVEL_NOT_SET = 40408
INVALID_SCHEMA, INVALID_COMPATIBILITY = 42201, 42203

_NOT_FOUND = frozenset({SUBJECT_NOT_FOUND, VERSION_NOT_FOUND, SCHEMA_NOT_FOUND, SUBJECT_LEVEL_NOT_SET})
_REASONS = {
    409: FailureReason.INCOMPATIBLE_SCHEMA,  # by the HTTP status: the code with it differs between registries
    INVALID_SCHEMA: FailureReason.INVALID_SCHEMA,
    INVALID_COMPATIBILITY: FailureReason.INVALID_COMPATIBILITY,
}
_JAVA_CLASS = re.compile(r"^(?:[a-z]\w*\.)+[A-Z]\w*: ")


def rejected(error: "SchemaRegistryError", url: str) -> Failure:
    """Turn an error response into a reason and a sentence that quotes the registry."""
    status, code = error.http_status_code, error.error_code
    words = _JAVA_CLASS.sub("", str(error.error_message or "")).rstrip(".") or f"HTTP status {status}"
    if status in {401, 403}:
        return Failure(
            FailureReason.REGISTRY_UNAUTHORIZED,
            f"The schema registry at {url} responds with {status}: check the user, the password and its rights.",
        )
    if status in {408, 429} or status >= 500:
        return unavailable(url, f"responds with {status}: {words}")
    if status == 404 and code not in _NOT_FOUND:
        return Failure(
            FailureReason.REGISTRY_NOT_FOUND,
            f"There is no schema registry at {url}: give the address of its Confluent API, which for Apicurio ends "
            "in /apis/ccompat/v7.",
        )
    reason = _REASONS.get(status) or _REASONS.get(code, FailureReason.REGISTRY_REFUSED)
    return Failure(reason, f"The registry says: {words} (HTTP {status}, code {code}).")


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
