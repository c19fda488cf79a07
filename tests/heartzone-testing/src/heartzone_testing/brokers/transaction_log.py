"""The ends of transactions, from the topic __transaction_state, where the coordinator keeps them."""

import struct
from collections.abc import Collection
from enum import IntEnum

from heartzone_testing.brokers.testbed import Testbed


class End(IntEnum):
    """State of a transaction whose end is decided (Kafka's TransactionState)."""

    COMMIT = 2
    ABORT = 3


# Version, producer id, epoch, timeout, state: how a TransactionLogValue of either version begins.
_BEGINNING = struct.Struct(">hqhib")


def ended_transactions(kafka: Testbed, end: End, topics: Collection[str]) -> int:
    """How many transactions that wrote to one of these topics have ended so."""
    values = [message.value() for message in kafka.read("__transaction_state", isolation="read_uncommitted")]
    return sum(
        _BEGINNING.unpack_from(value)[-1] == end and any(topic.encode() in value for topic in topics)
        for value in values
        if value is not None
    )
