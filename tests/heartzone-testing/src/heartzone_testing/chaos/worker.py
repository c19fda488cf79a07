"""The program of one worker: it copies numbers, and is killed, frozen or fenced where its settings say.

Started with its settings, a JSON document, as the only argument. SIGTERM stops it; it ends with 0.
"""

import signal
import sys
import uuid
from unittest import mock

import confluent_kafka
import msgspec

from exactly_once import (
    BatchLimits,
    Deduplication,
    EventLog,
    InputRecord,
    MissingOffsets,
    OutputRecord,
    PoisonRecord,
    Worker,
    WorkerConfig,
)
from exactly_once.clients import input_consumer, transactional_producer
from heartzone_testing.chaos.bugs import Bug
from heartzone_testing.chaos.clients import ProcessClients
from heartzone_testing.chaos.oracle import Outcome, outcome_of
from heartzone_testing.chaos.points import Points, Trigger

ORIGIN = "origin"
"""Header of a copy: the offset of its record, in the partition of the same number."""
WINDOW = 3600.0  # seconds: longer than any run
WATCHDOG = 180.0  # seconds: longer than each of the transaction timeouts asks for


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker's process is started with."""

    connection: dict[str, str]
    source: str
    target: str
    dead_letters: str
    group_id: str
    transactional_id: str
    consumer: dict[str, str | int] = {}
    transaction_timeout: float = 5.0
    missing_offsets: MissingOffsets = MissingOffsets.EARLIEST
    stall: float = 0.0
    """Seconds for which a worker stands still where it is to."""
    triggers: list[Trigger] = []
    bug: Bug | None = None


def main() -> None:
    settings = msgspec.json.decode(sys.argv[1], type=Settings)

    def copy(record: InputRecord) -> list[OutputRecord]:
        value, partition, offset = record.value(), record.partition(), record.offset()
        assert value is not None
        assert partition is not None
        assert offset is not None
        match outcome_of(value):
            case Outcome.DEAD:
                raise PoisonRecord("unlucky", "The number is a multiple of 97.")
            case Outcome.NOTHING:
                return []
        return [OutputRecord(settings.target, value, record.key(), [(ORIGIN, b"%d" % offset)], partition=partition)]

    def fence() -> None:
        with confluent_kafka.Producer({**settings.connection, "transactional.id": transactional_id}) as twin:
            twin.init_transactions(30)

    transactional_id = settings.transactional_id
    if settings.bug is Bug.NO_FENCING:
        transactional_id = f"{transactional_id}-{uuid.uuid4().hex}"
    clients = ProcessClients(
        Points(settings.triggers, fence, settings.stall),
        connection=settings.connection,
        group_id=settings.group_id,
        bug=settings.bug,
    )
    mock.patch.object(transactional_producer, "Producer", clients.producer).start()
    mock.patch.object(input_consumer, "Consumer", clients.consumer).start()
    if settings.bug is Bug.NO_SEEK_AFTER_ABORT:
        mock.patch.object(input_consumer.InputConsumer, "rewind").start()
    config = WorkerConfig(
        input_topics=[settings.source],
        output_topics=[settings.target],
        dead_letter_topic=settings.dead_letters,
        group_id=settings.group_id,
        transactional_id=transactional_id,
        connection=settings.connection,
        consumer=settings.consumer,
        idle=0.2,
        limits=BatchLimits(max_records=200, max_age=1.0),
        transaction_timeout=settings.transaction_timeout,
        missing_offsets=settings.missing_offsets,
        deduplication=(
            None
            if settings.bug is Bug.NO_DEDUPLICATION
            else Deduplication(key=lambda record: record.value(), window=WINDOW)
        ),
    )
    worker = Worker(config, copy, observer=EventLog(), watchdog=WATCHDOG)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stop())
    worker.run()


if __name__ == "__main__":
    main()
