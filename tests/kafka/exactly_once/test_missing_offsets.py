"""Partitions for which their group has no committed offset."""

from collections import Counter

import pytest
from confluent_kafka import Consumer, TopicPartition

from exactly_once import (
    HaltReason,
    MissingOffsets,
    move_offset,
)
from exactly_once.core.offset_metadata import offset_metadata
from heartzone_testing.brokers.testbed import Testbed
from heartzone_testing.engine.journal import Journal
from heartzone_testing.engine.threads import running
from heartzone_testing.engine.workers import Make, copy_to
from heartzone_testing.waiting import eventually

both_protocols = pytest.mark.parametrize("group_protocol", ["classic", "consumer"])


@both_protocols
def test_an_offset_that_is_given_to_one_partition_decides_nothing_for_others_that_lack_theirs(
    kafka: Testbed, make: Make
) -> None:
    """Neither under the worker that has halted them, nor under one that only sees what is committed."""
    source, target = kafka.create_topics("in", "out", partitions=2)
    for partition in range(2):
        kafka.send(source, b"done", partition=partition)
    journal, other = Journal(), Journal()
    worker = make(source, copy_to(target), missing_offsets=MissingOffsets.STOP, observer=journal)
    group = worker.config.group_id
    with running(worker):
        eventually(lambda: len(journal.halts) == 2, "both partitions to be halted")
        move_offset(kafka.connection, group, source, 0, 1)
        kafka.send(source, b"a", partition=0)
        eventually(lambda: b"a" in kafka.values(target), "the partition that has an offset")
    successor = make(source, copy_to(target), group_id=group, missing_offsets=MissingOffsets.STOP, observer=other)
    with running(successor):
        eventually(lambda: other.halts, "the other one to be halted")
        assert other.halts[source, 1][0] is HaltReason.OFFSET_MISSING
        move_offset(kafka.connection, group, source, 1, 1)
        kafka.send(source, b"b", partition=1)
        eventually(lambda: b"b" in kafka.values(target), "the partition that has an offset now")
    assert Counter(kafka.values(target)) == Counter([b"a", b"b"]), "nothing of before"


@both_protocols
def test_a_group_without_offsets_starts_at_the_end_or_not_at_all_when_the_policy_says_so(
    kafka: Testbed, make: Make
) -> None:
    source, target = kafka.create_topics("in", "out")
    kafka.send(source, b"before")
    latest = make(source, copy_to(target), missing_offsets=MissingOffsets.LATEST)
    with running(latest):
        eventually(lambda: kafka.group_offsets(latest.config.group_id, source) == {0: 1}, "the start to be committed")
        kafka.send(source, b"after")
        eventually(lambda: kafka.values(target) == [b"after"], "the record behind the start")

    journal = Journal()
    stopped = make(source, copy_to(target), missing_offsets=MissingOffsets.STOP, observer=journal)
    with running(stopped):
        eventually(lambda: journal.halts, "the partition to be halted")
        assert journal.halts[source, 0][0] is HaltReason.OFFSET_MISSING
        move_offset(kafka.connection, stopped.config.group_id, source, 0, 1)
        eventually(lambda: kafka.values(target) == [b"after", b"after"], "the record behind the offset")


def test_a_start_at_the_end_holds_for_a_partition_that_was_looked_up_after_others_had_committed(
    kafka: Testbed, make: Make
) -> None:
    """As where a group of two starts, and the lookups of one of them fail at first."""
    source, target = kafka.create_topics("in", "out", partitions=2)
    for partition in range(2):
        kafka.send(source, b"before", partition=partition)
    worker = make(source, copy_to(target), missing_offsets=MissingOffsets.LATEST)
    group = worker.config.group_id
    first = TopicPartition(source, 0, 1, offset_metadata(kafka.topic_id(source), partitions=2))
    Consumer({**kafka.connection, "group.id": group}).commit(offsets=[first], asynchronous=False)
    with running(worker):
        eventually(lambda: kafka.group_offsets(group, source, 2) == {0: 1, 1: 1}, "the start to be committed")
        kafka.send(source, b"after", partition=1)
        eventually(lambda: kafka.values(target), "the record behind the start")
    assert kafka.values(target) == [b"after"]


@both_protocols
@pytest.mark.parametrize("policy", [MissingOffsets.LATEST, MissingOffsets.STOP])
def test_a_new_partition_is_read_within_seconds_and_from_its_beginning_whatever_the_policy(
    kafka: Testbed, make: Make, policy: MissingOffsets
) -> None:
    source, target = kafka.create_topics("in", "out")
    worker = make(source, copy_to(target), missing_offsets=policy)
    if policy is MissingOffsets.STOP:
        kafka.set_group_offset(worker.config.group_id, source, 0)
    with running(worker):
        eventually(
            lambda: "partitions=1" in kafka.group_metadata_texts(worker.config.group_id, source)[0],
            "the start to be committed",
        )
        kafka.add_partitions(source, 2)
        kafka.send(source, b"written before anyone reads it", partition=1)
        eventually(lambda: kafka.values(target) == [b"written before anyone reads it"], "it", 60)
