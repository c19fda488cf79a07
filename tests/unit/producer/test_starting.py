"""The process itself: what it says when it cannot start, and with which exit code."""

import os
import socket
import subprocess
import sys

import pytest

SETTINGS = {
    "HEARTZONE_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
    "HEARTZONE_SCHEMA_REGISTRY_URL": "http://127.0.0.1:1",
    "HEARTZONE_HTTP_PORT": "0",
    "HEARTZONE_MANAGEMENT_PORT": "0",
}


def _run(**settings: str) -> "subprocess.CompletedProcess[str]":
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("HEARTZONE_")}
    return subprocess.run(
        [sys.executable, "-m", "heartzone_producer"],
        env={**inherited, **SETTINGS, **settings},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("variable", ["HEARTZONE_HTTP_PORT", "HEARTZONE_MANAGEMENT_PORT"])
def test_a_taken_port_is_one_sentence(variable: str) -> None:
    with socket.create_server(("0.0.0.0", 0)) as taken:
        port = taken.getsockname()[1]

        process = _run(**{variable: str(port)})

    assert process.returncode == 2
    (line,) = process.stderr.splitlines()
    assert variable in line
    assert str(port) in line


@pytest.mark.parametrize(
    ("settings", "part"),
    [
        pytest.param({"HEARTZONE_HTTP_PORT": "http"}, "HEARTZONE_HTTP_PORT", id="no number"),
        pytest.param({"HEARTZONE_HTTP_BODY_LIMIT": "0"}, "HEARTZONE_HTTP_BODY_LIMIT", id="out of range"),
        pytest.param({"HEARTZONE_KAFKA_BOOTSTRAP_SERVERS": ""}, "HEARTZONE_KAFKA_BOOTSTRAP_SERVERS", id="missing"),
        pytest.param({"HEARTZONE_AUTH_API_KEYS_FILE": "/nowhere"}, "HEARTZONE_AUTH_API_KEYS_FILE", id="no keys"),
        pytest.param({"HEARTZONE_AUTH_API_KEYS_FILE": __file__}, "line 1 ", id="no file of keys"),
        pytest.param({"HEARTZONE_AUTH_DEVICES": "*{name}"}, "HEARTZONE_AUTH_DEVICES", id="no pattern"),
        pytest.param({"HEARTZONE_KAFKA_ACKS": "1"}, "HEARTZONE_KAFKA_ACKS", id="breaks the promise"),
        pytest.param(
            {"HEARTZONE_KAFKA_PRODUCER_MESSAGE_TIMEOUT_MS": "60000"}, "MESSAGE_TIMEOUT_MS", id="breaks the deadline"
        ),
        pytest.param(
            {"HEARTZONE_KAFKA_SECURITY_PROTOCOL": "SSL", "HEARTZONE_KAFKA_SSL_CA_LOCATION": "/nowhere"},
            "HEARTZONE_KAFKA_SSL_CA_LOCATION",
            id="file not there",
        ),
        pytest.param(
            {
                "HEARTZONE_KAFKA_COMPRESSION_TYPE": "lz4",
                "HEARTZONE_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
                "HEARTZONE_KAFKA_SASL_MECHANISM": "NOPE",
            },
            "HEARTZONE_KAFKA",
            id="librdkafka rejects it",
        ),
    ],
)
def test_invalid_settings_are_one_sentence_with_the_variable(settings: dict[str, str], part: str) -> None:
    process = _run(**settings)

    assert process.returncode == 2
    (line,) = process.stderr.splitlines()
    assert line.startswith("heartzone-producer: ")
    assert part in line
