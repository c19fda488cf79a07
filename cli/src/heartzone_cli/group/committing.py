"""Commits one offset of a group that may have members, without being one.

The brokers let only a member commit an offset of a group that has members, except in a transaction: its commit
(TxnOffsetCommit, KIP-447) names a member only so that stale ones are fenced, and need not name one. That holds for
classic groups and for those of KIP-848.
"""

from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition

from heartzone_cli.errors import CannotRunError
from heartzone_cli.group.connection import QUIET
from service_chassis.consumer_groups.position import Committed

# Seconds
CALL_TIMEOUT = 10.0
DEADLINE = 30.0

# A static member's commits are checked against the group.
MEMBERSHIP_PROPERTIES = {"group.instance.id"}

# The right that each error tells of.
RIGHTS = {
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED: "Write on the transactional id {transactional_id}",
    KafkaError.GROUP_AUTHORIZATION_FAILED: "Read on the group {group}",
    KafkaError.TOPIC_AUTHORIZATION_FAILED: "Read on the topic {topic}",
}


def commit_offset(
    group: str,
    topic: str,
    partition: int,
    offset: Committed,
    *,
    consumer: Mapping[str, str],
    producer: Mapping[str, str],
) -> bool:
    """Commit an offset in a transaction of `<group>-set-offset`. Raises CannotRunError: nothing is committed.

    Returns whether the brokers have confirmed it in time; if not, what is committed later shows the outcome.
    """
    transactional_id = f"{group}-set-offset"
    at = TopicPartition(topic, partition, offset.offset, offset.metadata)
    deadline = monotonic() + DEADLINE
    outsider = Consumer(
        {name: value for name, value in consumer.items() if name not in MEMBERSHIP_PROPERTIES}
        | {**QUIET, "group.id": group, "enable.auto.commit": "false"}
    )
    try:
        transactions = Producer(
            {**producer, **QUIET, "transactional.id": transactional_id, "transaction.timeout.ms": "10000"}
        )
        committing = False
        try:
            _repeated(deadline, lambda: transactions.init_transactions(CALL_TIMEOUT))
            transactions.begin_transaction()
            metadata = outsider.consumer_group_metadata()
            _repeated(deadline, lambda: transactions.send_offsets_to_transaction([at], metadata, CALL_TIMEOUT))
            committing = True
            _repeated(deadline, lambda: transactions.commit_transaction(CALL_TIMEOUT))
        except KafkaException as error:
            if error.args[0].retriable() and committing:
                return False
            reason: KafkaError = error.args[0]
            right = RIGHTS.get(reason.code(), "").format(transactional_id=transactional_id, group=group, topic=topic)
            hint = f" This user lacks {right}." if right else ""
            raise CannotRunError(f"The offset cannot be committed: {reason.str()}.{hint}") from error
        return True
    finally:
        outsider.close()


def _repeated(deadline: float, call: Callable[[], Any]) -> None:
    """Make a call of the transactional API, again while its error says so."""
    while True:
        try:
            call()
        except KafkaException as error:
            if error.args[0].retriable() and monotonic() < deadline:
                continue
            raise
        return
