"""Route: each event to the topic of its kind, and every payment to the audit as well; both or neither."""

import json
import signal

from exactly_once import InputRecord, OutputRecord, PoisonRecord, Reason, Worker, WorkerConfig

TOPICS = {"order": "events.orders", "payment": "events.payments"}
AUDIT = "events.audit"


class Unroutable(Reason):
    """Reasons for which an event has no topic: labels of metrics, and headers of dead letters."""

    NOT_JSON = ("not_json", "The value is not a JSON object.", "Correct the program that writes it.")
    UNKNOWN_KIND = ("unknown_kind", "No topic is known for the event's kind.", "Add the kind to the routes.")


def route(record: InputRecord) -> list[OutputRecord]:
    """One or two records with the same bytes, headers and timestamp."""
    value, key, headers = record.value(), record.key(), record.headers() or ()
    try:
        kind = str(json.loads(value or b"")["kind"])
    except (ValueError, TypeError, KeyError) as error:
        raise PoisonRecord(Unroutable.NOT_JSON, f"an object with a kind was expected: {error}") from error
    topic = TOPICS.get(kind)
    if topic is None:
        raise PoisonRecord(Unroutable.UNKNOWN_KIND, f"the kind is {kind!r}; those with a topic are {', '.join(TOPICS)}")
    topics = [topic, AUDIT] if kind == "payment" else [topic]
    return [OutputRecord(each, value, key, headers, timestamp=record.timestamp()[1]) for each in topics]


worker = Worker(
    WorkerConfig(
        input_topics=["events"],
        output_topics=[*TOPICS.values(), AUDIT],
        dead_letter_topic="events.dlq",
        group_id="event-router",
        transactional_id="event-router-0",  # one a replica, the same after a restart
        connection={"bootstrap.servers": "localhost:9092"},
    ),
    route,
)
for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, lambda *_: worker.stop())
worker.run()
