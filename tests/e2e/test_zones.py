"""`heartzone zones` as a process: one line a message, and a clean end."""

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from confluent_kafka import Producer

from embedded_kafka import EmbeddedKafka, EmbeddedRegistry
from heartzone.messages import HeartRateZoneReached, encode
from heartzone.wire import frame_prefix
from heartzone_testing.checkout import ROOT
from heartzone_testing.services.environment import command, environment

DEVICE = "00000000-0000-0000-0000-00000000000b"


@pytest.fixture(scope="module")
def settings(embedded_kafka: EmbeddedKafka, embedded_registry: EmbeddedRegistry) -> dict[str, str]:
    """The settings that point the commands at the test's broker, where the topics exist."""
    variables = {
        "HEARTZONE_KAFKA_BOOTSTRAP_SERVERS": embedded_kafka.bootstrap_servers,
        "HEARTZONE_SCHEMA_REGISTRY_URL": embedded_registry.url,
    }
    subprocess.run(
        command("topics", "apply", "--dir", ROOT / "schemas" / "topics"),
        env=environment(**variables),
        check=True,
        timeout=60,
    )
    return variables


@contextmanager
def following(settings: dict[str, str], *options: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        command("zones", "--from-beginning", *options),
        env=environment(**settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def produce(settings: dict[str, str], *values: bytes) -> None:
    with Producer({"bootstrap.servers": settings["HEARTZONE_KAFKA_BOOTSTRAP_SERVERS"]}) as producer:
        for value in values:
            producer.produce("HeartRateZoneReached", value, DEVICE.encode())
        assert producer.flush(30) == 0


def message(second: int, zone: int) -> HeartRateZoneReached:
    return HeartRateZoneReached(DEVICE, zone, f"2022-12-02T13:50:{second:02}.0000000Z", 100 + 20 * zone, 200)


def test_each_message_is_one_line_of_json_and_invalid_records_are_counted_at_the_end(settings: dict[str, str]) -> None:
    with following(settings, "--json") as process:
        produce(settings, frame_prefix(1) + encode(message(0, 1)), b"no frame", frame_prefix(1) + encode(message(1, 2)))
        assert process.stdout is not None
        mine = (json.loads(line) for line in process.stdout)
        found = [next(each for each in mine if each["DeviceId"] == DEVICE) for _ in range(2)]
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)

    assert found == [json.loads(encode(message(0, 1))), json.loads(encode(message(1, 2)))]
    assert process.returncode == 0
    assert errors == "Invalid records: 1.\n"


def test_without_a_terminal_each_message_is_a_line_of_text(settings: dict[str, str]) -> None:
    produce(settings, frame_prefix(1) + encode(message(2, 5)))
    with following(settings) as process:
        assert process.stdout is not None
        line = next(line for line in process.stdout if "13:50:02" in line)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)

    assert line == f"2022-12-02T13:50:02.0000000Z {DEVICE} Zone5 200\n"
    assert process.returncode == 0
