"""Carries out what becomes of the partitions that are assigned to this member: lookups, fetching, setting aside."""

import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future

from confluent_kafka import Consumer, TopicPartition

from exactly_once.clients.broker_lookups import BrokerLookups, Findings
from exactly_once.config import ConsumerConfig
from exactly_once.core.assignment import Assignment, NotKnown, Wait
from exactly_once.core.offset_metadata import topic_id_of
from exactly_once.core.positions import Positions
from exactly_once.core.reasons import HaltReason
from exactly_once.core.records import Partition
from exactly_once.core.start_offset import Committed, Finding, Halt, StartKind, StartPolicy
from exactly_once.observer import Observer

_ELSEWHERE = (StartKind.NEW_TOPIC, StartKind.OUT_OF_RANGE, StartKind.MOVED)

log = logging.getLogger(__name__)


class PartitionFlow:
    """The partitions of one consumer.

    A partition that is set aside stays with this member of the group; only librdkafka does not fetch it meanwhile.
    """

    def __init__(
        self,
        config: ConsumerConfig,
        observer: Observer,
        consumer: Consumer,
        lookups: BrokerLookups,
        seen: dict[Partition, list[str]],
    ) -> None:
        self.positions = Positions()
        policy = StartPolicy(missing_offsets=config.missing_offsets, offset_out_of_range=config.offset_out_of_range)
        self.assignment = Assignment(self.positions, policy, seen)
        self._observer = observer
        self._consumer = consumer
        self._lookups = lookups
        self._looking: Future[Findings] | None = None
        self._restarted: list[tuple[Partition, bool]] = []
        self._told: dict[Partition, Wait | Halt] = {}
        self._suspended = False
        self._leaving: set[Partition] = set()
        """Partitions that librdkafka fetches still, although they are set aside or located anew."""

    def own(self, partitions: Iterable[Partition]) -> None:
        """The group has assigned these partitions to us."""
        self.assignment.own(partitions)
        self._look()

    def drop(self, partitions: Iterable[Partition]) -> list[Partition]:
        """These partitions are not ours any more; returns those that librdkafka fetches."""
        dropped = list(partitions)
        self._restarted += [(each, False) for each in dropped]
        assigned = {*self.assignment.drop(dropped), *(self._leaving & set(dropped))}
        self._leaving -= assigned
        self._tell()
        return sorted(assigned)

    def go_on(self) -> None:
        """Begin and take lookups, and fetch what can be fetched; call it before each fetch.

        Raises:
            AuthorizationError: an ACL is missing.
        """
        self._suspended = False
        self._look()
        self._leave()
        starts = self.assignment.to_fetch(time.monotonic())
        # Whether a dead letter fits now is seen by trying.
        self._restarted += [(each, False) for each in starts if self._is_without_dead_letter(each)]
        if starts:
            self._consumer.incremental_assign([TopicPartition(*each, offset) for each, offset in starts.items()])
        self._tell()

    def suspend(self) -> None:
        """Fetch nothing until ``go_on``, while lookups go on; raises as that does."""
        if not self._suspended:
            self._suspended = True
            self._leaving.update(self.assignment.suspend(time.monotonic()))
        self._look()
        self._leave()

    def set_aside(self, partition: Partition, trouble: Wait | Halt) -> None:
        """A partition that is fetched cannot go on at its position."""
        self.assignment.set_aside(partition, trouble, time.monotonic())
        self._leaving.add(partition)
        self._tell()

    def locate(self, partitions: Iterable[Partition]) -> None:
        """Find the starts of partitions anew: an offset is not in the topic, or the topic is another one."""
        for partition in partitions:
            fetched = partition in self.positions.fetched
            self.assignment.locate(partition, time.monotonic())
            if fetched:
                self._leaving.add(partition)

    def end_reached(self, partition: Partition, offset: int) -> bool:
        """The consumer has fetched everything before this offset; False for a partition that is not fetched."""
        self.positions.end_reached(partition, offset)
        return partition in self.positions.fetched

    def advance(self, next_offsets: Mapping[Partition, int]) -> None:
        """These offsets are committed: go on behind them."""
        self.assignment.advance(next_offsets)
        self._tell()

    def pass_control_records(self) -> None:
        """Go on behind the control records at the ends of partitions; call it when no fetched record is unprocessed."""
        self.assignment.pass_control_records()
        self._tell()

    def rewind(self) -> None:
        """Fetch again from the positions. Raises KafkaException."""
        self.positions.rewound()
        for (topic, number), offset in self.positions.fetched.items():
            self._consumer.seek(TopicPartition(topic, number, offset))

    def were_committed(self, offsets: Sequence[TopicPartition]) -> bool | None:
        """Whether the group has these offsets committed, waiting for the brokers; None while they do not say.

        Raises:
            AuthorizationError: an ACL is missing.
        """
        found = self._lookups.committed([(each.topic, each.partition) for each in offsets])
        # One shows it for all: they were committed together, and others may have been moved since, or be forgotten
        # with their topic.
        if any(_shows(found.get((each.topic, each.partition)), each) for each in offsets):
            return True
        return None if any(isinstance(each, NotKnown) for each in found.values()) else False

    def offsets(self, next_offsets: Mapping[Partition, int]) -> list[TopicPartition]:
        """What to commit for these offsets: each with what is kept beside it as metadata."""
        return [
            TopicPartition(*partition, offset, metadata=self.assignment.offset_metadata(partition))
            for partition, offset in next_offsets.items()
        ]

    def take_restarted(self) -> list[tuple[Partition, bool]]:
        """Partitions that have gone on elsewhere, or are not ours any more, and whether by a person's command."""
        taken, self._restarted = self._restarted, []
        return taken

    def _is_without_dead_letter(self, partition: Partition) -> bool:
        trouble = self.assignment.troubles.get(partition)
        return trouble is not None and trouble.reason is HaltReason.DEAD_LETTER_IMPOSSIBLE

    def _look(self) -> None:
        if self._looking is not None and self._looking.done():
            looked, self._looking = self._looking, None
            now = time.monotonic()
            for partition, found in looked.result().items():
                if isinstance(found, NotKnown):
                    self.assignment.not_found(partition, found, now)
                else:
                    self._found(partition, found, now)
        if self._looking is None:
            wanted = self.assignment.to_look_up(time.monotonic())
            if wanted:
                self._looking = self._lookups.begin(wanted)

    def _found(self, partition: Partition, finding: Finding, now: float) -> None:
        before = self.assignment.topic_id(partition)
        kind = self.assignment.found(partition, finding, now)
        if kind is None:
            return
        if kind in _ELSEWHERE:
            self._restarted.append((partition, kind is StartKind.MOVED))
        log.info("partition_located", extra={"partition": partition, "kind": kind.value})
        if kind is StartKind.NEW_TOPIC:
            old = before or (finding.committed.topic_id if finding.committed is not None else None)
            self._observer.topic_recreated(partition, old or "", finding.topic_id or "")

    def _leave(self) -> None:
        """Let librdkafka stop fetching what is set aside.

        Not at once: the call would end a rebalance of which the callback waits to be served (rdkafka_cgrp.c). So it
        comes right after the callbacks were served.
        """
        leaving, self._leaving = sorted(self._leaving), set()
        if leaving:
            self._consumer.incremental_unassign([TopicPartition(*each) for each in leaving])

    def _tell(self) -> None:
        """Notify the observer of what has changed."""
        troubles = self.assignment.troubles
        for partition in self._told.keys() - troubles.keys():
            self._observer.partition_resumed(partition)
        for partition, trouble in troubles.items():
            told = self._told.get(partition)
            if told is not None and told.reason == trouble.reason:
                continue
            if isinstance(trouble, Halt):
                self._observer.partition_halted(partition, trouble.reason, trouble.detail)
            else:
                self._observer.partition_waiting(partition, trouble.reason)
        self._told = troubles


def _shows(found: Committed | NotKnown | None, sent: TopicPartition) -> bool:
    """Whether what is found committed is this offset, or one behind it, in the same topic."""
    return isinstance(found, Committed) and found.offset >= sent.offset and found.topic_id == topic_id_of(sent.metadata)
