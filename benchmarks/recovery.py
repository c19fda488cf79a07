"""Recovery after SIGKILL: seconds until another worker's first commit is visible in every partition of the dead one.

Two workers of one group, records all the time. One of them is killed at a named point of a transaction: where none is
open, its partitions go on after the session timeout (bound: 3 s more), and where one is open, after the broker has
aborted that (bound: the transaction timeout more, and the broker's interval of looking, 10 s by default).
Prints the least, median and greatest of all rounds beside the bound, as multiples of the session timeout too.
"""

import sys
import tempfile
import threading
import time
import uuid
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import msgspec
from confluent_kafka import Consumer, Producer, TopicPartition

from embedded_kafka import EmbeddedKafka
from embedded_kafka.processes import ChildProcess
from heartzone_testing.brokers.testbed import Testbed
from heartzone_testing.chaos.points import Action, Point, Trigger
from heartzone_testing.chaos.worker import Settings
from heartzone_testing.waiting import eventually

PARTITIONS = 4
ROUNDS = 5
SESSION, TRANSACTION, BROKER_INTERVAL = 6.0, 10.0, 10.0  # seconds
ALLOWED = 3.0  # seconds, for the group's rebalance and the first transaction
BOUNDS = {
    Point.COMMITTED: SESSION + ALLOWED,
    Point.PRODUCED: SESSION + ALLOWED + TRANSACTION + BROKER_INTERVAL,
}
SETTLED = 0.5  # seconds
KILLED_AT = 40  # transactions: both workers have their partitions by then


@dataclass
class Group:
    """A source whose partitions get a record every 20 ms, a target, and when each partition of that last grew."""

    kafka: Testbed
    source: str
    target: str

    def __post_init__(self) -> None:
        self.stopping = threading.Event()
        self.arrivals: list[list[float]] = [[] for _ in range(PARTITIONS)]

    def write(self) -> None:
        """Write until stopped."""
        number = 1
        with Producer({**self.kafka.connection, "linger.ms": 0}) as producer:
            while not self.stopping.wait(0.02):
                for partition in range(PARTITIONS):
                    producer.produce(self.source, b"%d" % number, partition=partition)
                    number += 1 + (number % 97 == 96)  # multiples of 97 are poison to that worker
                producer.poll(0)

    def watch(self) -> None:
        """Note when committed records become visible, until stopped."""
        with Consumer(
            {**self.kafka.connection, "group.id": uuid.uuid4().hex, "isolation.level": "read_committed"}
        ) as consumer:
            consumer.assign([TopicPartition(self.target, partition, 0) for partition in range(PARTITIONS)])
            while not self.stopping.is_set():
                for message in consumer.consume(1000, 0.02):
                    if message.error() is None:
                        self.arrivals[message.partition() or 0].append(time.monotonic())

    def first_of_all(self, since: float) -> float | None:
        """When the slowest partition had its first arrival since then; None while one has none."""
        first = [next((at for at in times if at > since), None) for times in self.arrivals]
        return None if None in first else max(at for at in first if at is not None)


def measure(kafka: Testbed, point: Point, folder: Path) -> float:
    """Seconds of one recovery."""
    source, target, dead = kafka.create_topics("in", "out", "dead", partitions=PARTITIONS)
    name = uuid.uuid4().hex[:8]
    group = Group(kafka, source, target)
    with ExitStack() as stack:
        threads = [threading.Thread(target=each) for each in (group.write, group.watch)]
        for each in threads:
            each.start()
            stack.callback(each.join)
        stack.callback(group.stopping.set)

        def start(member: str, triggers: list[Trigger]) -> ChildProcess:
            settings = Settings(
                connection=kafka.connection,
                source=source,
                target=target,
                dead_letters=dead,
                group_id=name,
                transactional_id=f"{name}-{member}",
                consumer={"session.timeout.ms": int(SESSION * 1000), "heartbeat.interval.ms": 1000},
                transaction_timeout=TRANSACTION,
                triggers=triggers,
            )
            argv = [sys.executable, "-m", "heartzone_testing.chaos.worker", msgspec.json.encode(settings).decode()]
            process = ChildProcess.start(argv, log_file=folder / f"{name}-{member}.log")
            stack.callback(process.kill)
            return process

        start("survivor", [])
        eventually(lambda: all(group.arrivals), "records of every partition", 120)
        victim = start("victim", [Trigger(point, Action.KILL, nth=KILLED_AT)])
        eventually(lambda: victim.poll() is not None, "the kill", 120, every=0.005)
        killed = time.monotonic()
        # What was committed just before may still arrive: it belongs to no recovery.
        since = killed + SETTLED
        eventually(lambda: group.first_of_all(since) is not None, "recovery", 120)
        return (group.first_of_all(since) or since) - killed


def main() -> int:
    kept = True
    with EmbeddedKafka() as kafka, tempfile.TemporaryDirectory() as folder:
        testbed = Testbed(kafka.client_config())
        for point, bound in BOUNDS.items():
            seconds = sorted(measure(testbed, point, Path(folder)) for _ in range(ROUNDS))
            kept &= seconds[-1] <= bound
            print(
                f"killed when {point.value:<10} {seconds[0]:5.1f} {median(seconds):5.1f} {seconds[-1]:5.1f} s"
                f"  ({median(seconds) / SESSION:.2f} session timeouts; bound {bound:g} s)",
                flush=True,
            )
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
