"""The move of a group's committed offset by a person, while the group has members.

The brokers let only a member commit an offset of a group that has members, except in a transaction: its commit
(TxnOffsetCommit, KIP-447) names a member only so that stale ones are fenced, and need not name one. That holds for
classic groups and for those of KIP-848.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from time import monotonic
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from exactly_once.core.client_properties import Properties, known_to_all, known_to_consumers, known_to_producers
from exactly_once.core.offset_metadata import offset_metadata

# Seconds
CALL_TIMEOUT = 10.0
DEADLINE = 30.0

# A static member's commits are checked against the group.
_MEMBERSHIP_PROPERTIES = {"group.instance.id"}
# Errors are raised as one sentence each: the clients' own log stays off.
_QUIET: Mapping[str, Any] = {"log_level": 0, "error_cb": lambda _: None}

# The right that each error tells of.
_RIGHTS = {
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED: "Write on the transactional id {transactional_id}",
    KafkaError.GROUP_AUTHORIZATION_FAILED: "Read on the group {group}",
    KafkaError.TOPIC_AUTHORIZATION_FAILED: "Read on the topic {topic}",
}


class OffsetNotMovedError(Exception):
    """The offset is not committed; the text is a sentence for people."""


class MoveUnconfirmedError(OffsetNotMovedError):
    """The brokers have not confirmed the commit in time: what is committed later shows the outcome."""


def move_offset(connection: Properties, group_id: str, topic: str, partition: int, offset: int) -> None:
    """Let a group go on at this offset of a partition; its members may run meanwhile.

    A worker that has halted the partition notices within seconds, and goes on there. One that is processing it keeps to
    its own position, and overwrites this with its next commit: stop it first. Records that are skipped are never
    processed, and those that come again are processed again.

    ``connection`` is librdkafka's properties, as in ``WorkerConfig``. It takes the rights of a worker, for the
    transactional id ``<group id>-set-offset``.

    Raises:
        ValueError: the topic has no such offset; the text has the bounds.
        OffsetNotMovedError: nothing is committed, or with MoveUnconfirmedError the brokers have not said whether.
    """
    try:
        beside = _check(AdminClient({**known_to_all(connection), **_QUIET}), topic, partition, offset)
    except KafkaException as failure:
        raise OffsetNotMovedError(f"The topic {topic} cannot be read: {failure.args[0].str()}") from failure
    # With the time it differs from what is committed, also where the offset does not: that is a command, too.
    metadata = f"{beside};set-offset={datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}".removeprefix(";")
    commit_under_no_member(
        group_id,
        TopicPartition(topic, partition, offset, metadata),
        consumer=known_to_consumers(connection),
        producer=known_to_producers(connection),
    )


def commit_under_no_member(
    group_id: str, position: TopicPartition, *, consumer: Mapping[str, Any], producer: Mapping[str, Any]
) -> None:
    """Commit an offset of a group, with its metadata, in a transaction of ``<group id>-set-offset``.

    ``consumer`` and ``producer`` are librdkafka's properties of each client.

    Raises:
        OffsetNotMovedError, MoveUnconfirmedError: see ``move_offset``.
    """
    transactional_id = f"{group_id}-set-offset"
    deadline = monotonic() + DEADLINE
    outsider = Consumer(
        {name: value for name, value in consumer.items() if name not in _MEMBERSHIP_PROPERTIES}
        | {**_QUIET, "group.id": group_id, "enable.auto.commit": False}
    )
    committing = False
    try:
        transactions = Producer(
            {**producer, **_QUIET, "transactional.id": transactional_id, "transaction.timeout.ms": 10_000}
        )
        _repeated(deadline, lambda: transactions.init_transactions(CALL_TIMEOUT))
        transactions.begin_transaction()
        metadata = outsider.consumer_group_metadata()
        _repeated(deadline, lambda: transactions.send_offsets_to_transaction([position], metadata, CALL_TIMEOUT))
        committing = True
        _repeated(deadline, lambda: transactions.commit_transaction(CALL_TIMEOUT))
    except KafkaException as failure:
        reason: KafkaError = failure.args[0]
        if committing and reason.retriable():
            raise MoveUnconfirmedError(
                f"The brokers have not confirmed within {DEADLINE:g} s that the offset is committed: {reason.str()}"
            ) from failure
        right = _RIGHTS.get(reason.code(), "").format(
            transactional_id=transactional_id, group=group_id, topic=position.topic
        )
        hint = f"; this user lacks {right}" if right else ""
        raise OffsetNotMovedError(f"The offset cannot be committed: {reason.str()}{hint}") from failure
    finally:
        outsider.close()


def _check(admin: AdminClient, topic: str, partition: int, offset: int) -> str:
    """What is kept beside an offset of the topic. Raises ValueError for what is not in it, KafkaException."""
    described = admin.describe_topics(TopicCollection([topic]), request_timeout=CALL_TIMEOUT)[topic].result()
    numbers = sorted(each.id for each in described.partitions)
    if partition not in numbers:
        raise ValueError(f"{topic} has no partition {partition}; give one of 0 to {len(numbers) - 1}")
    each = TopicPartition(topic, partition)
    earliest, latest = (
        admin.list_offsets({each: spec}, request_timeout=CALL_TIMEOUT)[each].result().offset
        for spec in (OffsetSpec.earliest(), OffsetSpec.latest())  # type: ignore[no-untyped-call]
    )
    if not earliest <= offset <= latest:
        raise ValueError(f"offset {offset} is not in {topic}[{partition}]; give one from {earliest} to {latest}")
    return offset_metadata(str(described.topic_id), len(numbers))


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
