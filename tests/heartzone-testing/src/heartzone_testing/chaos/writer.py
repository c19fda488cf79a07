"""The numbers that a campaign's workers are given."""

import random
import threading
from collections.abc import Callable

from confluent_kafka import Producer

from heartzone_testing.brokers.testbed import Testbed
from heartzone_testing.chaos.schedule import Plan

LOT_INTERVAL = 0.1  # seconds between two lots of records
AGAIN = 0.02  # share of records that are sent a second time
AGAIN_WITHIN = 1000  # records


class Writer:
    """Writes all records, some of them twice: slowly for as long as there are faults, so that each finds some."""

    def __init__(self, plan: Plan, kafka: Testbed, topic: str, faults_are_done: Callable[[], bool]) -> None:
        self._plan = plan
        self._kafka = kafka
        self._topic = topic
        self._faults_are_done = faults_are_done
        self._goes_on = threading.Event()
        self._goes_on.set()
        self._stop = threading.Event()
        self._first = 0
        self.written = 0
        self.rests = threading.Event()
        """While nothing is written: it was told to pause, or all is written."""

    def pause(self) -> None:
        """Write no more, once `rests` is set."""
        self._goes_on.clear()

    def go_on(self) -> None:
        """Go on, and send no number a second time that was sent before."""
        self._first = self.written
        self.rests.clear()
        self._goes_on.set()

    def stop(self) -> None:
        """End."""
        self._stop.set()
        self._goes_on.set()

    def run(self) -> None:
        """Write until there is enough and all faults are done."""
        source = random.Random(self._plan.seed)
        while not self._is_done():
            # Another producer after each pause: the topic may be another one, with no record of the producer before.
            with Producer({**self._kafka.connection, "enable.idempotence": True}) as producer:
                while self._goes_on.is_set() and not self._is_done():
                    self._write(producer, source, int(self._plan.rate * LOT_INTERVAL))
            if not self._goes_on.is_set():
                self.rests.set()
                self._goes_on.wait()
        self.rests.set()

    def _is_done(self) -> bool:
        return self._stop.is_set() or (self.written >= self._plan.records and self._faults_are_done())

    def _write(self, producer: Producer, source: random.Random, lot: int) -> None:
        for number in range(self.written, self.written + lot):
            numbers = [number]
            if source.random() < AGAIN:
                numbers.append(source.randrange(max(self._first, number - AGAIN_WITHIN), number + 1))
            for each in numbers:
                # A number belongs to one partition for good, as a device does, and so does its dead letter.
                partition = each % self._plan.partitions
                producer.produce(self._topic, b"%d" % each, b"%d" % partition, partition)
        self.written += lot
        producer.flush(60)
        if not self._faults_are_done():
            self._stop.wait(LOT_INTERVAL)
