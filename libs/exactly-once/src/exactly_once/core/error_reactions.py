"""The reaction to an error of a transactional call, in the one order that is right.

librdkafka's flags are not exclusive in the way their names suggest: a fatal error has neither of the other
two set, and an abortable one may also look retriable. Hence: fatal, then abort, then retry, and anything
that carries no flag is treated as fatal (rdkafka.h, "Handling of other errors").
"""

from enum import Enum
from typing import Protocol

from exactly_once.core.reasons import RebuildCause


class ErrorFlags(Protocol):
    """The part of confluent_kafka.KafkaError that decides."""

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
    """Decide by the error's flags; see the module for the order."""
    if error.fatal():
        return Reaction.REBUILD
    if error.txn_requires_abort():
        return Reaction.ABORT
    if error.retriable():
        return Reaction.RETRY
    return Reaction.REBUILD


def is_fencing(cause: RebuildCause) -> bool:
    """Return True when another process has taken over, as the broker says.

    Kafka has many names for it, such as ``producer_fenced``, ``fenced_instance_id`` and ``invalid_producer_epoch``.
    """
    return "fenced" in cause or "epoch" in cause
