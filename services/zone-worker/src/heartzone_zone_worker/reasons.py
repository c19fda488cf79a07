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
    """Reasons for which a partition waits, or all do: something that the next record needs is unavailable."""

    SCHEMA_LOOKUP_PENDING = (
        "schema_lookup_pending",
        "The schema that a record was written with is being looked up.",
        "Nothing: it takes less than a second while the registry responds.",
    )
    SCHEMA_NOT_FOUND_YET = (
        "schema_not_found_yet",
        "Records name schema ids that the registry does not know; after `HEARTZONE_SCHEMA_PATIENCE` they become dead"
        " letters.",
        "Find the program that writes them; see [HeartzoneDeadLetters](HeartzoneDeadLetters.md).",
    )
    SCHEMA_REGISTRY_INCOMPLETE = (
        "schema_registry_incomplete",
        "The registry responds, but lacks schemas or subjects that it had, or has others under their ids: it was"
        " restarted empty, or restored from an old backup. Nothing becomes a dead letter for an id that it does not"
        " know; the log event `schema_registry_unusable` names what is missing.",
        "Restore the registry with the ids that it had. Where it is another one on purpose, or where a schema was"
        " deleted on purpose, restart the workers.",
    )
    SCHEMA_REGISTRY_UNAVAILABLE = (
        "schema_registry_away",
        "A schema is needed, and the registry does not respond, or not as a registry does; the log event"
        " `schema_registry_unusable` has its words.",
        "Restore the registry.",
    )
