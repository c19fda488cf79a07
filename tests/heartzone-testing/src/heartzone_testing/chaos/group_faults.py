"""Faults of a group of workers: one is cut off, its topic is another one, its committed offsets are gone."""

from collections.abc import Callable
from functools import partial
from itertools import cycle

from confluent_kafka import KafkaError, KafkaException
from msgspec.structs import replace

from exactly_once import MissingOffsets, move_offset
from heartzone_testing.brokers.testbed import Testbed
from heartzone_testing.chaos.brokers import SESSION, Brokers
from heartzone_testing.chaos.faults import GroupFault
from heartzone_testing.chaos.fleet import Fleet
from heartzone_testing.chaos.observer import Observer
from heartzone_testing.chaos.steps import Steps, in_background, pause, until
from heartzone_testing.chaos.writer import Writer

ISOLATED = SESSION + 3.0  # seconds: its partitions are somebody else's by then


class GroupFaults:
    """Faults of the workers of a fleet. ``processed``: all that is written; ``begin_topic``: make the topic anew."""

    def __init__(
        self,
        brokers: Brokers,
        fleet: Fleet,
        writer: Writer,
        observer: Observer,
        *,
        workers: list[str],
        processed: Callable[[], bool],
        begin_topic: Callable[[], None],
    ) -> None:
        self._brokers = brokers
        self._fleet = fleet
        self._writer = writer
        self._observer = observer
        self._workers = workers
        self._processed = processed
        self._begin_topic = begin_topic
        self._isolated = cycle(workers)
        self._late = cycle((True, False))
        self.admits_guests = True
        """Whether workers may come and go, which nobody has told to halt."""

    def happen(self, fault: GroupFault) -> Steps:
        """Let it happen. Raises TooLateError."""
        match fault:
            case GroupFault.ISOLATION:
                self._brokers.isolate(next(self._isolated))
                try:
                    yield from pause(ISOLATED)
                finally:
                    self._brokers.heal(late=next(self._late))
            case GroupFault.TOPIC_ANEW:
                self._writer.pause()
                yield from until(lambda: self._writer.rests.is_set() and self._processed(), f"{fault}: all processed")
                yield from in_background(self._begin_topic, f"{fault}: the new topic")
                self._writer.go_on()
            case GroupFault.OFFSETS_LOST:
                self.admits_guests = False
                yield from self._lose_offsets()
                self.admits_guests = True
        before = self._observer.processed
        yield from until(lambda: self._observer.processed > before, f"{fault}: progress after it")

    def _lose_offsets(self) -> Steps:
        settings, kafka = self._fleet.settings, self._brokers.kafka
        yield from until(self._all_have_offsets, "committed offsets of all partitions")
        unmet = self._fleet.stop_all()
        committed: dict[int, int] = {}

        def lose() -> None:
            committed.update(
                kafka.group_offsets(settings.group_id, settings.source, len(kafka.partitions(settings.source)))
            )
            _delete_group(kafka, settings.group_id)

        yield from in_background(lose, "the group to be gone")
        self._fleet.settings = replace(settings, missing_offsets=MissingOffsets.STOP)
        for name in self._workers:
            self._fleet.start(name, triggers=unmet.get(name))
        yield from until(lambda: self._fleet.say("partition_halted"), "workers that halt without offsets")
        for partition, offset in committed.items():
            move = partial(move_offset, kafka.connection, settings.group_id, settings.source, partition, offset)
            yield from in_background(move, f"the offset of partition {partition}")
        yield from until(self._all_have_offsets, "offsets of all partitions again")
        self._fleet.settings = settings

    def _all_have_offsets(self) -> bool:
        return len(self._observer.positions) == len(self._brokers.kafka.partitions(self._fleet.settings.source))


def _delete_group(kafka: Testbed, group: str) -> None:
    """A member that was killed counts for as long as its session lasts."""
    while True:
        try:
            kafka.delete_group(group)
        except KafkaException as failure:
            if failure.args[0].code() != KafkaError.NON_EMPTY_GROUP:
                raise
        else:
            return
