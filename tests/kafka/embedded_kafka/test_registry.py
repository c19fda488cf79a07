"""The registry keeps what it has acknowledged, authenticates requests, and does not start on a damaged store."""

import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

import pytest
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient

from embedded_kafka import DamagedDataDirError, EmbeddedRegistry, PortInUseError
from heartzone_testing.waiting import eventually

TEXT = '{"$schema": "http://json-schema.org/draft-07/schema#", "type": "object"}'

PARENT = """
import sys
from pathlib import Path
from embedded_kafka import EmbeddedRegistry

EmbeddedRegistry(data_dir=Path(sys.argv[1])).start()
"""


def status(url: str, credentials: str | None = None) -> int:
    request = urllib.request.Request(url)
    if credentials is not None:
        request.add_header("Authorization", f"Basic {b64encode(credentials.encode()).decode()}")
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_native_libraries_are_unpacked_where_they_go_with_the_registry(tmp_path: Path) -> None:
    with EmbeddedRegistry(data_dir=tmp_path) as registry:
        assert any((tmp_path / "tmp").rglob("*.so")), "it takes and gives brotli"
        registry.kill()
    assert not (tmp_path / "tmp").exists()


def test_a_schema_that_was_acknowledged_survives_a_kill_and_a_stop(tmp_path: Path) -> None:
    with EmbeddedRegistry(data_dir=tmp_path) as registry:
        url = registry.url
        with SchemaRegistryClient(registry.client_config()) as client:
            schema_id = client.register_schema("kept-value", Schema(TEXT, "JSON"))
        registry.kill()
        registry.start()
        assert registry.url == url
        with SchemaRegistryClient(registry.client_config()) as client:
            assert client.get_latest_version("kept-value").schema_id == schema_id

    with EmbeddedRegistry(data_dir=tmp_path) as registry, SchemaRegistryClient(registry.client_config()) as client:
        assert client.get_latest_version("kept-value").schema_id == schema_id
        assert client.get_schema(schema_id).schema_str == TEXT


def test_basic_auth_lets_in_the_one_user_only(embedded_registry_factory: Callable[..., EmbeddedRegistry]) -> None:
    password = 'p:${x}\\${y} "é"$$'
    registry = embedded_registry_factory(basic_auth=("alice", password))
    subjects = f"{registry.url}/subjects"

    assert status(subjects, f"alice:{password}") == 200
    assert status(subjects) == 401
    assert status(subjects, "alice:wrong") == 401
    assert status(subjects, f"bob:{password}") == 401
    with SchemaRegistryClient(registry.client_config()) as client:
        assert client.get_subjects() == []


def test_a_taken_port_is_named() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        with pytest.raises(PortInUseError, match=f"^port {port} is taken"):
            EmbeddedRegistry(port=port).start()


def test_a_damaged_store_is_an_error_and_left_alone(tmp_path: Path) -> None:
    store = tmp_path / "registry.mv.db"
    garbage = os.urandom(50_000)
    store.write_bytes(garbage)

    with pytest.raises(DamagedDataDirError, match="is not a schema registry's store"):
        EmbeddedRegistry(data_dir=tmp_path).start()

    assert store.read_bytes() == garbage


@pytest.mark.parametrize("size", [0, 100_000, 300_000])
def test_a_store_whose_creation_was_killed_is_created_anew(tmp_path: Path, size: int) -> None:
    store = tmp_path / "registry.mv.db"  # 1.3 MB when its tables are all there
    with subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path)], stdout=subprocess.DEVNULL) as parent:
        eventually(
            lambda: store.exists() and store.stat().st_size >= size,
            "the store to grow",
            every=0.001,  # the tables are made within 0.3 s
        )
        parent.send_signal(signal.SIGKILL)

    with EmbeddedRegistry(data_dir=tmp_path) as registry, SchemaRegistryClient(registry.client_config()) as client:
        schema_id = client.register_schema("kept-value", Schema(TEXT, "JSON"))

    with EmbeddedRegistry(data_dir=tmp_path) as registry, SchemaRegistryClient(registry.client_config()) as client:
        assert client.get_latest_version("kept-value").schema_id == schema_id


def test_a_user_name_with_a_colon_is_invalid() -> None:
    with pytest.raises(ValueError, match="user name 'a:b'"):
        EmbeddedRegistry(basic_auth=("a:b", "c"))
