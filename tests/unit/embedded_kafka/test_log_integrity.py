"""Damage to a node's logs is distinguished from what a kill leaves behind."""

import struct
from base64 import urlsafe_b64encode
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedded_kafka.broker.log_integrity import find_damage, find_unknown_topic

METADATA = "__cluster_metadata-0"
TOPIC_ID = bytes(range(16))


def batch(base_offset: int, body: bytes = b"") -> bytes:
    rest = struct.pack(">ib", 0, 2) + bytes(44) + body
    return struct.pack(">qi", base_offset, len(rest)) + rest


LOG = batch(0, TOPIC_ID) + batch(1) + batch(5)


@pytest.fixture
def node(tmp_path: Path) -> Path:
    for name in (METADATA, "topic-0"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "00000000000000000000.log").write_bytes(LOG)
    topic_id = urlsafe_b64encode(TOPIC_ID).decode().rstrip("=")
    (tmp_path / "topic-0" / "partition.metadata").write_text(f"version: 0\ntopic_id: {topic_id}")
    return tmp_path


def test_whole_logs_are_sound(node: Path) -> None:
    assert find_damage(node) is None
    assert find_unknown_topic(node) is None


def test_a_node_that_was_formatted_and_never_started_is_sound(tmp_path: Path) -> None:
    assert find_damage(tmp_path) is None
    assert find_unknown_topic(tmp_path) is None


@given(end=st.integers(0, len(LOG)), zeros=st.integers(0, 200))
def test_a_log_cut_off_anywhere_is_what_a_kill_leaves(
    tmp_path_factory: pytest.TempPathFactory, end: int, zeros: int
) -> None:
    node = tmp_path_factory.mktemp("node")
    (node / METADATA).mkdir()
    (node / METADATA / "00000000000000000000.log").write_bytes(LOG[:end] + bytes(zeros))

    assert find_damage(node) is None


@pytest.mark.parametrize("partition", [METADATA, "topic-0"])
@pytest.mark.parametrize(
    ("content", "position"),
    [
        pytest.param(b"x" * 100, 0, id="no log at all"),
        pytest.param(batch(0) + b"x" * 100, len(batch(0)), id="garbage behind a batch"),
        pytest.param(bytes(50) + LOG, 0, id="zeros before a batch"),
        pytest.param(batch(3) + batch(2, b"x"), len(batch(3)), id="offsets go back"),
    ],
)
def test_what_is_no_log_is_damage(node: Path, partition: str, content: bytes, position: int) -> None:
    (node / partition / "00000000000000000000.log").write_bytes(content)

    assert find_damage(node) == f"{partition}/00000000000000000000.log is not a Kafka log at byte {position}"


def test_partitions_without_metadata_are_damage(node: Path) -> None:
    (node / METADATA / "00000000000000000000.log").unlink()
    (node / METADATA).rmdir()

    assert find_damage(node) == "__cluster_metadata-0 is missing"


def test_a_partition_of_a_topic_that_the_metadata_do_not_know_is_named(node: Path) -> None:
    (node / METADATA / "00000000000000000000.log").write_bytes(batch(0))

    assert find_unknown_topic(node) == "topic-0"


def test_a_topic_known_to_a_snapshot_only_is_known(node: Path) -> None:
    (node / METADATA / "00000000000000000000.log").unlink()
    (node / METADATA / "00000000000000000006-0000000001.checkpoint").write_bytes(LOG)

    assert find_unknown_topic(node) is None


def test_a_partition_directory_made_a_moment_before_a_kill_is_no_damage(node: Path) -> None:
    (node / "new-0").mkdir()

    assert find_damage(node) is None
    assert find_unknown_topic(node) is None
