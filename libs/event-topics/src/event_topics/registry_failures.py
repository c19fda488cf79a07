"""Which of the registry's answers is which reason. The numbers are those of the Confluent API."""

import re
from typing import TYPE_CHECKING

from event_topics.failures import Failure

if TYPE_CHECKING:
    from confluent_kafka.schema_registry.error import SchemaRegistryError

SUBJECT_NOT_FOUND, VERSION_NOT_FOUND, SCHEMA_NOT_FOUND, SUBJECT_SOFT_DELETED = 40401, 40402, 40403, 40404
SUBJECT_LEVEL_NOT_SET = 40408
INVALID_SCHEMA, INVALID_COMPATIBILITY = 42201, 42203

_NOT_FOUND = frozenset({SUBJECT_NOT_FOUND, VERSION_NOT_FOUND, SCHEMA_NOT_FOUND, SUBJECT_LEVEL_NOT_SET})
# An incompatible schema is the status 409; the code with it differs between registries.
_REASONS = {409: "IncompatibleSchema", INVALID_SCHEMA: "InvalidSchema", INVALID_COMPATIBILITY: "InvalidCompatibility"}
_JAVA_CLASS = re.compile(r"^(?:[a-z]\w*\.)+[A-Z]\w*: ")


def refused(error: "SchemaRegistryError", url: str) -> Failure:
    """Turn an answer that is an error into a reason and a sentence with the registry's words."""
    status, code = error.http_status_code, error.error_code
    words = _JAVA_CLASS.sub("", str(error.error_message or "")).rstrip(".") or f"HTTP status {status}"
    if status in {401, 403}:
        return Failure(
            "RegistryUnauthorized",
            f"The schema registry at {url} answers {status}: check the user, the password and its rights.",
        )
    if status in {408, 429} or status >= 500:
        return unavailable(url, f"answers {status}: {words}")
    if status == 404 and code not in _NOT_FOUND:
        return Failure(
            "RegistryNotFound",
            f"There is no schema registry at {url}: give the address of its Confluent API, which for Apicurio ends "
            "in /apis/ccompat/v7.",
        )
    reason = _REASONS.get(status) or _REASONS.get(code, "RegistryRefused")
    return Failure(reason, f"The registry says: {words} (HTTP {status}, code {code}).")


def unavailable(url: str, what: str) -> Failure:
    """Say that the registry is away, or in no state to answer."""
    return Failure("RegistryUnavailable", f"The schema registry at {url} {what}.", transient=True)


def untrusted(url: str, why: str) -> Failure:
    """Say that the registry's certificate is none that the client trusts."""
    return Failure(
        "RegistryUntrusted",
        f"The certificate of the schema registry at {url} is not trusted ({why}): have ssl.ca.location name the file "
        "with the certificate of the authority that signed it.",
    )
