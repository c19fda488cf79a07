"""One campaign: workers as processes, records, faults at named points, and an audit of everything at the end."""

import random
import threading
import time
import uuid
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Protocol

from confluent_kafka import KafkaException

from exactly_once import OffsetNotMovedError
from heartzone_testing.chaos.broker_faults import BrokerFaults
from heartzone_testing.chaos.brokers import SESSION, Brokers
from heartzone_testing.chaos.commits import CommitHolder
from heartzone_testing.chaos.faults import BrokerFault
from heartzone_testing.chaos.fleet import Fleet
from heartzone_testing.chaos.group_faults import GroupFaults
from heartzone_testing.chaos.observer import Observer
from heartzone_testing.chaos.points import Point
from heartzone_testing.chaos.reading import audit
from heartzone_testing.chaos.result import Result
from heartzone_testing.chaos.schedule import Plan, lives
from heartzone_testing.chaos.steps import Steps, TooLateError, pause
from heartzone_testing.chaos.verdict import Finding
from heartzone_testing.chaos.worker import Settings
from heartzone_testing.chaos.writer import Writer

FROZEN = SESSION + 3.0
TRANSACTION_TIMEOUT = 4.0  # seconds
HELD = TRANSACTION_TIMEOUT + 2.0  # longer than a worker waits for its commit
STALL = TRANSACTION_TIMEOUT + 12.0  # brokers look every ten seconds for transactions that take too long
POLLED_WITHIN = 10.0  # seconds, where workers are to stall: a member that stands still for longer is put out
GUEST_STAYS = 4.0  # seconds that a worker stays which joins and leaves, so that partitions move all the time


class Runs(Protocol):
    """Something with a thread of its own, until it is told to stop."""

    def run(self) -> None:
        """What the thread does."""

    def stop(self) -> None:
        """Let it end."""


class Campaign:
    """Runs a plan on its brokers; all clients of workers go through their proxies."""

    def __init__(self, plan: Plan, brokers: Brokers, folder: Path) -> None:
        self._plan = plan
        self._kafka = kafka = brokers.kafka
        group = f"chaos-{uuid.uuid4().hex[:8]}"
        source, target, dead = kafka.create_topics("in", "out", "dead", partitions=plan.partitions)
        self._settings = Settings(
            connection=brokers.connection,
            source=source,
            target=target,
            dead_letters=dead,
            group_id=group,
            transactional_id=group,
            consumer=_consumer(plan),
            transaction_timeout=TRANSACTION_TIMEOUT,
            stall=STALL,
        )
        schedule = lives(plan, random.Random(plan.seed))
        self._fleet = Fleet(self._settings, lambda: next(schedule), folder=folder, frozen_for=FROZEN)
        self._workers = [f"worker-{number}" for number in range(plan.workers)]
        self._writer = Writer(plan, kafka, source, self._faults_are_done)
        self._observer = Observer(kafka, self._settings, plan.partitions)
        self._commits = CommitHolder(brokers.proxies, plan.seed, plan.ambiguous_commits, HELD)
        self._of_brokers = BrokerFaults(
            brokers, group, self._fleet.transactional_id(self._workers[0]), lambda: self._observer.processed
        )
        self._of_group = GroupFaults(
            brokers,
            self._fleet,
            self._writer,
            self._observer,
            workers=self._workers,
            processed=self._all_is_processed,
            begin_topic=self._begin_topic,
        )
        self._happened = 0
        """Of the plan's faults."""
        self._topic_id = kafka.topic_id(source)
        self._starts: dict[str, dict[int, int]] = {}
        """Where the outputs of the present input topic begin."""
        self._processed_at = 0.0
        self._findings: list[Finding] = []
        self._problems: list[str] = []

    def run(self, *, within: float) -> Result:
        """Run it; what is not done ``within`` so many seconds is a problem of its own."""
        started = time.monotonic()
        tick = threading.Event()
        with ExitStack() as stack:
            stack.callback(self._fleet.kill_all)
            runs: Sequence[Runs] = (self._writer, self._observer, self._commits)
            threads = [threading.Thread(target=each.run) for each in runs]
            stack.callback(_end, runs, threads)
            for name in self._workers:
                self._fleet.start(name)
            for each in threads:
                each.start()
            steps: list[Steps] = [self._faults(), self._guests()]
            while not (self._faults_are_done() and self._writer.rests.is_set() and self._all_is_processed()):
                if time.monotonic() - started > within:
                    self._problems.append(f"not done within {within:g} s: {self._counts()}")
                    break
                self._fleet.look_after()
                if self._fleet.counts.ended or self._problems:
                    break
                for step in steps:
                    next(step, None)
                tick.wait(0.05)
            self._fleet.stop_all()
            _end(runs, threads)
        self._problems += [*self._fleet.counts.ended, *self._observer.problems]
        self._problems += self._observer.differences(self._kafka.read(self._settings.target))
        self._findings += audit(self._kafka, self._settings, starts=self._starts)
        return Result(self._plan, self._findings, self._problems, self._counts(), time.monotonic() - started)

    def _counts(self) -> dict[str, int]:
        counts = self._fleet.counts
        happened = [str(each) for each in self._plan.faults[: self._happened]]
        return {
            "records": self._writer.written,
            "kills": counts.kills,
            "zombies": counts.freezes,
            "ambiguous_commits": self._commits.held,
            **{each: happened.count(each) for each in happened},
        }

    def _faults_are_done(self) -> bool:
        plan, counts = self._plan, self._fleet.counts
        return (
            counts.kills >= plan.kills
            and counts.freezes >= plan.zombies
            and self._commits.is_done
            and self._happened >= len(plan.faults)
        )

    def _faults(self) -> Steps:
        """Those of the plan, one after the other."""
        for fault in self._plan.faults:
            faults = self._of_brokers if isinstance(fault, BrokerFault) else self._of_group
            try:
                yield from faults.happen(fault)  # type: ignore[arg-type]
            except (TooLateError, KafkaException, OffsetNotMovedError, AssertionError) as failure:
                positions = {number: each.offset for number, each in sorted(self._observer.positions.items())}
                self._problems.append(f"{fault}: {failure}; the group was at {positions}")
                return
            self._happened += 1

    def _guests(self) -> Steps:
        """Workers that come and go, and let some that live be asked to leave, for as long as there are faults."""
        for number in count():
            guest = f"guest-{number}"
            if self._faults_are_done():
                return
            if self._of_group.admits_guests:
                self._fleet.start(guest, triggers=())
                yield from pause(GUEST_STAYS)
                self._fleet.stop(guest)
                self._fleet.ask_to_leave(Point.REVOKED)
                yield from self._all_go_on()
            yield from pause(1.0)

    def _all_go_on(self) -> Steps:
        """Until each partition has been processed further since now.

        Whoever gets a partition reads its window of keys first: one that was moved each few seconds would never go on.
        """
        before = self._observer.positions
        while not self._faults_are_done() and self._of_group.admits_guests:
            now = self._observer.positions
            if len(now) == self._plan.partitions and all(now[each] != before.get(each) for each in now):
                return
            yield

    def _begin_topic(self) -> None:
        """Audit what came of the input, and let another topic take its place."""
        settings = self._settings
        starts = {topic: self._kafka.end_offsets(topic) for topic in (settings.target, settings.dead_letters)}
        self._findings += audit(self._kafka, settings, starts=self._starts)
        self._kafka.recreate_topic(settings.source, self._plan.partitions)
        self._starts, self._topic_id = starts, self._kafka.topic_id(settings.source)

    def _all_is_processed(self) -> bool:
        """Whether the group has committed the ends of the input; asks the brokers once a second."""
        now = time.monotonic()
        if now - self._processed_at < 1:
            return False
        self._processed_at = now
        ends, positions = self._kafka.end_offsets(self._settings.source), self._observer.positions
        return all(
            partition in positions
            and positions[partition].topic_id == f"topic-id={self._topic_id}"
            and positions[partition].offset >= end
            for partition, end in ends.items()
        )


def _consumer(plan: Plan) -> dict[str, str | int]:
    properties: dict[str, str | int] = {"fetch.min.bytes": 100_000}  # a transaction each tenth of a second
    if plan.stalls:
        properties["max.poll.interval.ms"] = int(POLLED_WITHIN * 1000)
    if plan.protocol == "consumer":
        return properties | {"group.protocol": "consumer"}
    return properties | {"session.timeout.ms": int(SESSION * 1000), "heartbeat.interval.ms": 500}


def _end(runs: Sequence[Runs], threads: Sequence[threading.Thread]) -> None:
    for each in runs:
        each.stop()
    for thread in threads:
        if thread.ident is not None:
            thread.join()
