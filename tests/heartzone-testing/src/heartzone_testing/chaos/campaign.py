"""One campaign: workers as processes, records, faults at named points, and an audit of everything at the end."""

import random
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, KafkaException, Message, Producer, TopicPartition

from heartzone_testing.brokers.frame_proxy import END_TXN, FrameProxy
from heartzone_testing.brokers.testbed import Testbed
from heartzone_testing.chaos.fleet import Fleet
from heartzone_testing.chaos.points import Point
from heartzone_testing.chaos.reading import audit
from heartzone_testing.chaos.schedule import Plan, lives
from heartzone_testing.chaos.verdict import Finding
from heartzone_testing.chaos.worker import Settings

SESSION = 3.0  # seconds: after them the group gives a silent member's partitions to others
FROZEN = SESSION + 3.0
TRANSACTION_TIMEOUT = 4.0  # seconds
HELD = TRANSACTION_TIMEOUT + 2.0  # longer than a worker waits for its commit
REACHED_WITHIN = 5.0  # seconds; commits are many a second
COMMITTED_WITHIN = 5.0  # seconds
LOT_INTERVAL = 0.1  # seconds between two lots of records
AGAIN = 0.02  # share of records that are sent a second time
GUEST_STAYS = 4.0  # seconds that a worker stays which joins and leaves, so that partitions move all the time
BROKER = {
    "group.min.session.timeout.ms": "1000",
    "group.consumer.min.session.timeout.ms": "1000",
    "group.consumer.session.timeout.ms": str(int(SESSION * 1000)),
    "group.consumer.min.heartbeat.interval.ms": "300",
    "group.consumer.heartbeat.interval.ms": "500",
    "group.initial.rebalance.delay.ms": "0",
}
"""Properties of the broker, whose defaults make each fault take most of a minute."""


@dataclass
class Result:
    """What came of a campaign."""

    plan: Plan
    findings: list[Finding] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    """Sentences about all else: workers that ended, offsets that went back, a reader that saw something else."""
    counts: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """For a file."""
        return asdict(self)


class Campaign:
    """Runs a plan on a broker behind a proxy; all clients go through it."""

    def __init__(self, plan: Plan, kafka: Testbed, proxy: FrameProxy, folder: Path) -> None:
        self._plan = plan
        self._kafka = kafka
        self._proxy = proxy
        self._random = random.Random(plan.seed)
        self._stop = threading.Event()
        group = f"chaos-{uuid.uuid4().hex[:8]}"
        source, target, dead = kafka.create_topics("in", "out", "dead", partitions=plan.partitions)
        consumer: dict[str, str | int] = {"fetch.min.bytes": 100_000}  # a transaction each tenth of a second
        if plan.protocol == "consumer":
            consumer["group.protocol"] = "consumer"
        else:
            consumer |= {"session.timeout.ms": int(SESSION * 1000), "heartbeat.interval.ms": 500}
        self._settings = Settings(
            connection=kafka.connection,
            source=source,
            target=target,
            dead_letters=dead,
            group_id=group,
            transactional_id=group,
            consumer=consumer,
            transaction_timeout=TRANSACTION_TIMEOUT,
        )
        schedule = lives(plan, random.Random(plan.seed))
        self._fleet = Fleet(self._settings, lambda: next(schedule), folder=folder, frozen_for=FROZEN)
        self._written = 0
        self._all_written = threading.Event()
        self._processed_at = 0.0
        self._ambiguous = 0
        self._seen: dict[int, list[int]] = defaultdict(list)
        self._problems: list[str] = []

    def run(self, *, within: float) -> Result:
        """Run it; what is not done ``within`` so many seconds is a problem of its own."""
        started = time.monotonic()
        deadline = started + within
        tick = threading.Event()
        with ExitStack() as stack:
            stack.callback(self._fleet.kill_all)
            threads = [threading.Thread(target=each) for each in (self._write, self._read, self._hold_commits)]
            stack.callback(self._end, threads)
            for number in range(self._plan.workers):
                self._fleet.start(f"worker-{number}")
            for each in threads:
                each.start()
            guests, guest_until, guest = count(), 0.0, ""
            while not (self._faults_are_done() and self._all_is_processed()):
                if time.monotonic() > deadline:
                    self._problems.append(f"not done within {within:g} s: {self._counts()}")
                    break
                self._fleet.look_after()
                if self._fleet.counts.ended:
                    break
                if not self._faults_are_done() and time.monotonic() > guest_until:
                    if guest:
                        self._fleet.stop(guest)
                        self._fleet.ask_to_leave(Point.REVOKED)
                        guest = ""
                        guest_until = time.monotonic() + 1.0
                    else:
                        guest = f"guest-{next(guests)}"
                        self._fleet.start(guest, triggers=())
                        guest_until = time.monotonic() + GUEST_STAYS
                tick.wait(0.05)
            self._fleet.stop_all()
            self._end(threads)
        self._problems += self._fleet.counts.ended
        self._compare_with_reader(_by_partition(self._kafka.read(self._settings.target)))
        found = audit(self._kafka, self._settings)
        return Result(self._plan, found, self._problems, self._counts(), time.monotonic() - started)

    def _end(self, threads: Sequence[threading.Thread]) -> None:
        self._stop.set()
        for each in threads:
            if each.ident is not None:
                each.join()

    def _counts(self) -> dict[str, int]:
        counts = self._fleet.counts
        return {
            "records": self._written,
            "kills": counts.kills,
            "zombies": counts.freezes,
            "ambiguous_commits": self._ambiguous,
        }

    def _faults_are_done(self) -> bool:
        plan, counts = self._plan, self._fleet.counts
        return (
            counts.kills >= plan.kills and counts.freezes >= plan.zombies and self._ambiguous >= plan.ambiguous_commits
        )

    def _all_is_processed(self) -> bool:
        """Whether the group has committed the ends of the input; asks the brokers once a second."""
        now = time.monotonic()
        if not self._all_written.is_set() or now - self._processed_at < 1:
            return False
        self._processed_at = now
        source, partitions = self._settings.source, self._plan.partitions
        try:
            committed = self._kafka.group_offsets(self._settings.group_id, source, partitions)
        except KafkaException:  # offsets in a transaction that somebody has left open are not told
            return False
        return all(committed[each] >= self._kafka.end_offset(source, each) for each in range(partitions))

    def _write(self) -> None:
        """All records, some of them twice: slowly for as long as there are faults, so that each finds some."""
        source, partitions = random.Random(self._plan.seed), self._plan.partitions
        lot = int(self._plan.rate * LOT_INTERVAL)
        with Producer({**self._kafka.connection, "enable.idempotence": True}) as producer:
            while not self._stop.is_set() and not (self._written >= self._plan.records and self._faults_are_done()):
                for number in range(self._written, self._written + lot):
                    numbers = [number]
                    if source.random() < AGAIN:
                        numbers.append(source.randrange(max(0, number - 1000), number + 1))
                    for each in numbers:
                        # A number belongs to one partition for good, as a device does, and so does its dead letter.
                        partition = each % partitions
                        producer.produce(self._settings.source, b"%d" % each, b"%d" % partition, partition)
                self._written += lot
                producer.flush(60)
                if not self._faults_are_done():
                    self._stop.wait(LOT_INTERVAL)
        self._all_written.set()

    def _hold_commits(self) -> None:
        """Let a commit's request or its response come too late or never, one after the other."""
        source = random.Random(self._plan.seed)
        while self._ambiguous < self._plan.ambiguous_commits and not self._stop.is_set():
            hold = self._proxy.hold_next(END_TXN, response=source.random() < 0.5)
            # A worker that is killed takes the connection along on which a response was to be held.
            if not hold.reached.wait(REACHED_WITHIN):
                hold.release()
                continue
            self._stop.wait(HELD)
            if source.random() < 0.5:
                hold.release()
            else:
                hold.cut()
            self._ambiguous += 1

    def _read(self) -> None:
        """A read_committed reader while there are faults, which also sees that no committed offset goes back."""
        target, source, partitions = self._settings.target, self._settings.source, range(self._plan.partitions)
        committed: dict[int, int] = defaultdict(int)
        properties = {**self._kafka.connection, "enable.auto.commit": False, "auto.offset.reset": "error"}
        reader = Consumer({**properties, "group.id": self._settings.group_id, "isolation.level": "read_committed"})
        try:
            reader.assign([TopicPartition(target, each, 0) for each in partitions])
            while not self._stop.is_set():
                for message in reader.consume(1000, 0.5):
                    if message.error() is None:
                        self._seen[_partition(message)].append(message.offset() or 0)
                try:
                    offsets = reader.committed([TopicPartition(source, each) for each in partitions], COMMITTED_WITHIN)
                except KafkaException:  # in a transaction that somebody has left open
                    continue
                for at in offsets:
                    if 0 <= at.offset < committed[at.partition]:
                        self._problems.append(
                            f"the committed offset of partition {at.partition} went back from"
                            f" {committed[at.partition]} to {at.offset}"
                        )
                    committed[at.partition] = max(at.offset, committed[at.partition])
        finally:
            reader.close()

    def _compare_with_reader(self, copies: Mapping[int, Sequence[Message]]) -> None:
        for partition, offsets in self._seen.items():
            final = [message.offset() for message in copies.get(partition, ())]
            if final[: len(offsets)] != offsets:
                self._problems.append(
                    f"a reader during the faults has seen another partition {partition} of the copies"
                )


def _by_partition(messages: Iterable[Message]) -> dict[int, list[Message]]:
    found: dict[int, list[Message]] = defaultdict(list)
    for message in messages:
        found[_partition(message)].append(message)
    return found


def _partition(message: Message) -> int:
    partition = message.partition()
    assert partition is not None
    return partition
