"""What to do about an error from a transactional call, in the one order that is right.

librdkafka's flags are not exclusive in the way their names suggest: a fatal error has neither of the other
two set, and an abortable one may also look retriable. Hence: fatal, then abort, then retry, and anything
that carries no flag is treated as fatal (rdkafka.h, "Handling of other errors").
"""

from enum import Enum
from typing import Protocol


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


REFUSED_RECORD = frozenset({"msg_size_too_large", "record_list_too_large", "invalid_record", "invalid_timestamp"})
"""Reasons of aborts in which the brokers refuse what is written, so that the same batch would be refused for ever."""


def reaction_to(error: ErrorFlags) -> Reaction:
    """Decide by the error's flags; see the module for the order."""
    if error.fatal():
        return Reaction.REBUILD
    if error.txn_requires_abort():
        return Reaction.ABORT
    if error.retriable():
        return Reaction.RETRY
    return Reaction.REBUILD


def reason_of(error_name: str) -> str:
    """A metric label from librdkafka's error name: ``_FENCED`` and ``PRODUCER_FENCED`` become words.

    The set of names is closed (librdkafka's), so the label's cardinality is bounded.
    """
    return error_name.strip("_").lower()
