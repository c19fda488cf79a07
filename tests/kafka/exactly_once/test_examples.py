"""The examples of exactly-once, run as they stand there."""

import json
import urllib.request
import uuid
from pathlib import Path

from confluent_kafka import Message

from heartzone_testing.brokers.testbed import Testbed
from heartzone_testing.checkout import ROOT
from heartzone_testing.engine.programs import running_program, with_names
from heartzone_testing.ports import free_port
from heartzone_testing.waiting import eventually

EXAMPLES = ROOT / "libs" / "exactly-once" / "examples"


def example(kafka: Testbed, name: str, group: str, topics: dict[str, str], **others: str) -> str:
    names = {f'"{written}"': f'"{here}"' for written, here in topics.items()}
    return with_names(
        (EXAMPLES / f"{name}.py").read_text(),
        {
            **names,
            **others,
            "localhost:9092": kafka.connection["bootstrap.servers"],
            group: f"{group}-{uuid.uuid4().hex[:8]}",
        },
    )


def fresh(kafka: Testbed, *names: str) -> dict[str, str]:
    return dict(zip(names, kafka.create_topics(*names), strict=True))


def reason(letter: Message) -> bytes | str | None:
    return dict(letter.headers() or ())["dlq.reason"]


def test_no_example_is_longer_than_sixty_lines() -> None:
    lengths = {path.name: len(path.read_text().splitlines()) for path in EXAMPLES.glob("*.py")}

    assert lengths.keys() == {"enrich.py", "filter.py", "route.py"}
    assert max(lengths.values()) <= 60


def test_filter_keeps_errors_and_has_metrics_and_probes(kafka: Testbed, tmp_path: Path) -> None:
    topics, port = fresh(kafka, "logs", "errors", "logs.dlq"), free_port()
    program = example(kafka, "filter", "error-filter", topics, **{"port=9090": f"port={port}"})
    kafka.send(topics["logs"], b"INFO all is well", b"ERROR it is not", None)

    def get(path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as response:
            return str(response.read().decode())

    with running_program(program, tmp_path):
        eventually(lambda: kafka.values(topics["errors"]) == [b"ERROR it is not"], "the error")
        assert kafka.values(topics["logs.dlq"]) == [None]
        eventually(lambda: 'exactly_once_dead_letters_total{reason="tombstone"} 1.0' in get("/metrics"), "the metric")
        assert json.loads(get("/livez"))["ok"] is True
        assert json.loads(get("/readyz"))["reason"] == "processing"


def test_enrich_adds_what_the_compacted_table_has_last(kafka: Testbed, tmp_path: Path) -> None:
    topics = fresh(kafka, "customers", "orders", "orders.named", "orders.dlq")
    program = example(kafka, "enrich", "order-names", topics)
    kafka.send(topics["customers"], (b"1", b"Ana"), (b"2", b"Bo"), (b"1", b"Anna"))
    kafka.send(topics["orders"], (b"o1", b'{"customer":1}'), (b"o2", b'{"customer":2}'), (b"o3", b'{"customer":3}'))

    with running_program(program, tmp_path):
        eventually(lambda: len(kafka.read(topics["orders.named"])) == 2, "two orders")
        letters = kafka.read(topics["orders.dlq"])

    named = kafka.read(topics["orders.named"])
    assert [(each.key(), json.loads(each.value() or b"")) for each in named] == [
        (b"o1", {"customer": 1, "name": "Anna"}),
        (b"o2", {"customer": 2, "name": "Bo"}),
    ]
    assert [(each.key(), reason(each)) for each in letters] == [(b"o3", b"customer_unknown")]


def test_route_writes_each_event_to_the_topics_of_its_kind(kafka: Testbed, tmp_path: Path) -> None:
    topics = fresh(kafka, "events", "events.orders", "events.payments", "events.audit", "events.dlq")
    program = example(kafka, "route", "event-router", topics)
    order, payment, other, broken = b'{"kind":"order"}', b'{"kind":"payment"}', b'{"kind":"visit"}', b"[]"
    kafka.send(topics["events"], order, payment, other, broken)

    with running_program(program, tmp_path):
        eventually(lambda: len(kafka.read(topics["events.dlq"])) == 2, "two dead letters")

    assert kafka.values(topics["events.orders"]) == [order]
    assert kafka.values(topics["events.payments"]) == kafka.values(topics["events.audit"]) == [payment]
    assert [reason(each) for each in kafka.read(topics["events.dlq"])] == [b"unknown_kind", b"not_json"]
