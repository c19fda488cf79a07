"""Filter: keep the lines of a log that are errors. With a log, metrics and probes on port 9090.

pip install 'heartzone-exactly-once[prometheus]'
"""

import signal

from exactly_once import EventLog, InputRecord, Observers, OutputRecord, PoisonRecord, Worker, WorkerConfig
from exactly_once.management import serve
from exactly_once.prometheus import PrometheusObserver


def keep_errors(record: InputRecord) -> list[OutputRecord]:
    """The line itself where it is an error, otherwise nothing."""
    line = record.value()
    if line is None:
        raise PoisonRecord("tombstone", "the record has no value; a log line was expected")
    return [OutputRecord("errors", line, record.key())] if b"ERROR" in line else []


worker = Worker(
    WorkerConfig(
        input_topics=["logs"],
        output_topics=["errors"],
        dead_letter_topic="logs.dlq",
        group_id="error-filter",
        transactional_id="error-filter-0",  # one a replica, the same after a restart
        connection={"bootstrap.servers": "localhost:9092"},
    ),
    keep_errors,
    observer=Observers(EventLog(), PrometheusObserver(dead_letter_reasons=["tombstone"])),
)
for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, lambda *_: worker.stop())
with serve(worker, port=9090):
    worker.run()
