"""The life of a cluster: starts, stops, kills, and the data directories it does not start on."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from embedded_kafka import DamagedDataDirError, DataDirInUseError, EmbeddedKafka, PortInUseError, StartError
from heartzone_testing.waiting import eventually

STORAGE_TOOL = "kafka.tools.StorageTool"

PARENT = """
import sys, time
from pathlib import Path
from embedded_kafka import EmbeddedKafka

with EmbeddedKafka(data_dir=Path(sys.argv[1])) as kafka:
    print(kafka.nodes[0].pid, flush=True)
    time.sleep(600)
"""


def create_topic(kafka: EmbeddedKafka, name: str) -> None:
    admin = AdminClient({**kafka.client_config()})
    admin.create_topics([NewTopic(name, num_partitions=2)])[name].result(timeout=30)


def topics(kafka: EmbeddedKafka) -> list[str]:
    return sorted(AdminClient({**kafka.client_config()}).list_topics(timeout=30).topics)


@pytest.fixture(scope="module")
def used_data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data directory of a broker that has had a topic and was stopped."""
    path = tmp_path_factory.mktemp("used") / "data"
    with EmbeddedKafka(data_dir=path) as kafka:
        create_topic(kafka, "kept")
    return path


@pytest.fixture
def copy_of_used(used_data_dir: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(used_data_dir, tmp_path / "data"))


def snapshot(data_dir: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in (data_dir / "nodes").rglob("*") if path.is_file()}


def test_a_data_dir_goes_on_where_it_ended(copy_of_used: Path) -> None:
    with EmbeddedKafka(data_dir=copy_of_used) as kafka:
        assert topics(kafka) == ["kept"]
        create_topic(kafka, "second")
        kafka.nodes[0].kill()

    with EmbeddedKafka(data_dir=copy_of_used) as kafka:
        assert topics(kafka) == ["kept", "second"]


def test_a_broker_ends_with_its_parent_and_its_data_can_be_used_again(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path)], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert "java" in psutil.Process(pid).name()

        parent.send_signal(signal.SIGKILL)

        eventually(
            lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE,
            "the broker to end with its parent",
        )
    with EmbeddedKafka(data_dir=tmp_path) as kafka:
        assert topics(kafka) == []


def test_the_formatting_of_its_storage_ends_with_its_parent(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path)], stdout=subprocess.DEVNULL) as parent:
        found: list[psutil.Process] = []

        def formats() -> bool:
            found[:] = [
                each
                for each in psutil.Process(parent.pid).children()
                if each.name() == "java" and STORAGE_TOOL in each.cmdline()
            ]
            return bool(found)

        eventually(formats, "the storage to be formatted")
        tool = found[0]
        tool.suspend()  # so that it cannot end by itself
        parent.send_signal(signal.SIGKILL)
    try:
        eventually(
            lambda: not tool.is_running() or tool.status() == psutil.STATUS_ZOMBIE, "the tool to end with its parent"
        )
    finally:
        if tool.is_running():
            tool.kill()


def test_a_start_that_was_killed_half_way_does_not_hinder_the_next(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "kafka-1.log"
    with subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path)], stdout=subprocess.DEVNULL) as parent:
        eventually(log.exists, "the log of the broker")
        parent.send_signal(signal.SIGKILL)

    with EmbeddedKafka(data_dir=tmp_path) as kafka:
        assert topics(kafka) == []


def test_temporary_data_are_removed_at_the_end() -> None:
    with EmbeddedKafka() as kafka:
        config = Path(psutil.Process(kafka.nodes[0].pid).cmdline()[-1])
        assert config.exists()

    assert not config.parent.parent.exists()


def test_temporary_data_and_logs_are_kept_and_named_after_a_failure() -> None:
    with pytest.raises(ZeroDivisionError) as caught, EmbeddedKafka():
        raise ZeroDivisionError

    (note,) = caught.value.__notes__
    log_dir = Path(note.removeprefix("the logs of embedded Kafka are in "))
    assert "started" in (log_dir / "kafka-1.log").read_text()
    shutil.rmtree(log_dir.parent)


def test_a_taken_port_is_named() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        with pytest.raises(PortInUseError, match=f"^port {port} is taken") as caught:
            EmbeddedKafka(port=port).start()

    assert caught.value.port == port


def test_a_fixed_port_is_used(embedded_kafka_factory: Callable[..., EmbeddedKafka]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    assert embedded_kafka_factory(port=port).bootstrap_servers == f"127.0.0.1:{port}"


def test_a_data_dir_in_use_is_an_error(tmp_path: Path) -> None:
    with (
        EmbeddedKafka(data_dir=tmp_path),
        pytest.raises(DataDirInUseError, match=f"^{tmp_path} is in use by another process"),
    ):
        EmbeddedKafka(data_dir=tmp_path).start()


def test_broker_properties_win_over_the_defaults(embedded_kafka_factory: Callable[..., EmbeddedKafka]) -> None:
    kafka = embedded_kafka_factory(broker_properties={"num.partitions": "7"})
    admin = AdminClient({**kafka.client_config()})

    admin.create_topics([NewTopic("seven")])["seven"].result(timeout=30)

    assert len(admin.list_topics("seven", timeout=30).topics["seven"].partitions) == 7


def test_a_broker_property_that_is_invalid_is_named(tmp_path: Path) -> None:
    with pytest.raises(StartError, match=r"ConfigException: .*log\.segment\.bytes"):
        EmbeddedKafka(data_dir=tmp_path, broker_properties={"log.segment.bytes": "x"}).start()

    with EmbeddedKafka(data_dir=tmp_path) as kafka:
        assert topics(kafka) == []


@pytest.mark.parametrize(
    ("file", "content", "sentence"),
    [
        pytest.param("meta.properties", None, "meta.properties cannot be read", id="no meta.properties"),
        pytest.param("meta.properties", b"\xff\xfe", "meta.properties cannot be read", id="meta.properties not text"),
        pytest.param("meta.properties", b"x", "does not describe node 1", id="meta.properties of something else"),
        pytest.param("bootstrap.checkpoint", b"x" * 90, "bootstrap.checkpoint", id="bootstrap.checkpoint garbage"),
        pytest.param("__cluster_metadata-0/quorum-state", b"x", "quorum-state", id="quorum-state garbage"),
        pytest.param(
            "__cluster_metadata-0/00000000000000000000.log",
            b"x" * 900,
            "at byte 0",
            id="log garbage",
        ),
        pytest.param(
            "__cluster_metadata-0/00000000000000000000.log", b"", "do not know the partition kept-0", id="log emptied"
        ),
        pytest.param("kept-0/00000000000000000000.log", b"x" * 900, "at byte 0", id="topic garbage"),
    ],
)
def test_a_damaged_data_dir_is_an_error_and_left_alone(
    copy_of_used: Path, file: str, content: bytes | None, sentence: str
) -> None:
    victim = copy_of_used / "nodes" / "1" / file
    if content is None:
        victim.unlink()
    else:
        victim.write_bytes(content)
    before = snapshot(copy_of_used)

    with pytest.raises(DamagedDataDirError, match=sentence) as caught:
        EmbeddedKafka(data_dir=copy_of_used).start()

    assert "\n" not in str(caught.value)
    after = snapshot(copy_of_used)
    assert after.keys() >= before.keys()
    assert after[victim] == before[victim] if content is not None else victim not in after


def test_data_of_another_number_of_nodes_are_an_error(copy_of_used: Path) -> None:
    with pytest.raises(DamagedDataDirError, match="written with another number of nodes"):
        EmbeddedKafka(data_dir=copy_of_used, nodes=3).start()


def test_a_file_in_place_of_the_data_dir_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(DamagedDataDirError, match="cannot be used as a data directory: File exists"):
        EmbeddedKafka(data_dir=tmp_path / "file").start()


def test_passwords_on_disk_can_be_read_by_their_owner_only(embedded_kafka: EmbeddedKafka) -> None:
    config = Path(psutil.Process(embedded_kafka.nodes[0].pid).cmdline()[-1])

    assert config.stat().st_mode & 0o077 == 0
    assert config.stat().st_uid == os.getuid()


def test_native_libraries_are_unpacked_where_they_go_with_the_cluster(tmp_path: Path) -> None:
    with EmbeddedKafka(data_dir=tmp_path) as kafka:
        create_topic(kafka, "compressed")
        with Producer({**kafka.client_config(), "compression.type": "lz4"}) as producer:
            producer.produce("compressed", bytes(1000))
        assert any((tmp_path / "tmp").glob("*lz4*"))
        kafka.nodes[0].kill()
    assert not (tmp_path / "tmp").exists()
