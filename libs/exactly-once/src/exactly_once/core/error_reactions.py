"""The reaction to an error of a transactional call, in the one order that is right.

librdkafka's flags are not exclusive in the way their names suggest: a fatal error has neither of the other
two set, and an abortable one may also look retriable. Hence: fatal, then abort, then retry, and anything
that carries no flag is treated as fatal (rdkafka.h, "Handling of other errors"). Where the flags of an error promise
what the same producer can never get, its name decides before them: see ``ENDS_THE_PRODUCER``.
"""

from enum import Enum
from typing import Protocol

from exactly_once.core.reasons import KafkaErrorName, RebuildCause, kafka_error_name

ENDS_THE_PRODUCER: dict[KafkaErrorName, str] = {
    kafka_error_name("INVALID_PRODUCER_ID_MAPPING"): (
        "the coordinator has forgotten the transactional id, or has given it another producer id, as after"
        " transactional.id.expiration.ms: every request with this producer's id fails, only a new claim gets another"
    ),
    kafka_error_name("UNKNOWN_PRODUCER_ID"): (
        "a partition's leader has forgotten the producer, whose sequence numbers are of no use any more (KIP-360)"
    ),
    kafka_error_name("INVALID_PRODUCER_EPOCH"): (
        "a later epoch exists, or the coordinator has raised it over a transaction that was open for too long: it never"
        " falls again"
    ),
    kafka_error_name("PRODUCER_FENCED"): "a later epoch exists, and never falls again (KIP-588)",
    kafka_error_name("_FENCED"): "librdkafka's own name for the two errors above",
}
"""Errors that the same producer cannot get over, whatever their flags say, and why. Flagged as abortable, each would
cost an abort that fails, or aborts again and again."""


class ErrorFlags(Protocol):
    """The part of confluent_kafka.KafkaError that decides."""

    def name(self) -> str:
        """Name of the error's code."""

    def fatal(self) -> bool:
        """The producer instance is dead."""

    def txn_requires_abort(self) -> bool:
        """The transaction can only be aborted."""

    def retriable(self) -> bool:
        """The same call with the same arguments may succeed later."""


class Reaction(Enum):
    """The three things that can follow an error."""

    REBUILD = "rebuild"
    """Drop the producer and build a new one under the same transactional id: its epoch rises."""

    ABORT = "abort"
    """Abort the transaction, rewind the consumer, go on."""

    RETRY = "retry"
    """Make the same call again, with identical arguments."""


def reaction_to(error: ErrorFlags) -> Reaction:
    """Decide by the error's name and flags; see the module for the order."""
    if error.fatal() or kafka_error_name(error.name()) in ENDS_THE_PRODUCER:
        return Reaction.REBUILD
    if error.txn_requires_abort():
        return Reaction.ABORT
    if error.retriable():
        return Reaction.RETRY
    return Reaction.REBUILD


def is_fencing(cause: RebuildCause) -> bool:
    """Return True when a later epoch exists, as the broker says: another process may have taken over.

    Kafka has many names for it, such as ``producer_fenced``, ``fenced_instance_id`` and ``invalid_producer_epoch``.
    Once, it proves nothing: the coordinator itself raises the epoch when it aborts a transaction that was open for too
    long.
    """
    return "fenced" in cause or "epoch" in cause
