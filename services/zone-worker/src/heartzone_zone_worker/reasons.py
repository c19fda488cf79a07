"""Reasons of the zone worker itself, beside those of exactly_once; the runbooks' tables are generated from both."""

# Not from exactly_once itself, which imports the Kafka client: this module is pure.
from exactly_once.core.reasons import Reason


class PoisonReason(Reason):
    """Reasons for which a record is not a Biometrics message: it becomes a dead letter."""

    BAD_FRAME = (
        "bad_frame",
        "The value does not begin with byte 0 and a schema id.",
        "Let the program that writes it use a serializer for the schema registry.",
    )
    INVALID_JSON = (
        "invalid_json",
        "The payload is not JSON; `heartzone.dlq.detail` names the place.",
        "Correct the program that writes it.",
    )
    SCHEMA_NOT_FOUND = (
        "schema_not_found",
        "The schema id is not in the registry: it is one of another registry, or its schema was deleted.",
        "Correct the registry of the program that writes it, or restore the schema.",
    )
    SCHEMA_UNUSABLE = (
        "schema_unusable",
        "The schema id is that of a schema which is no JSON Schema, or which the worker cannot read.",
        "Correct the schema.",
    )
    SCHEMA_VIOLATION = (
        "schema_violation",
        "The payload is not a Biometrics message; `heartzone.dlq.detail` names the field.",
        "Correct the program that writes it.",
    )
    TOMBSTONE = (
        "tombstone",
        "The record has no value.",
        "Correct the program that writes it; the topic is not compacted.",
    )


class UnavailableReason(Reason):
    """Reasons for which a transaction is aborted and tried again: something that it needs is unavailable."""

    SCHEMA_NOT_FOUND_YET = (
        "schema_not_found_yet",
        "Records name schema ids that the registry does not know; after `HEARTZONE_SCHEMA_PATIENCE` they become dead"
        " letters.",
        "Find the program that writes them; see [HeartzoneDeadLetters](HeartzoneDeadLetters.md).",
    )
    SCHEMA_REGISTRY_UNAVAILABLE = (
        "schema_registry_away",
        "A schema is needed, and the registry does not respond.",
        "Restore the registry.",
    )
