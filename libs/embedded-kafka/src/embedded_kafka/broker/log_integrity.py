"""Detection of damage in a node's logs (format: Kafka's RecordBatch v2).

Kafka repairs a damaged log by truncating it where the damage starts, and when that was the metadata log it then deletes
the topics that it no longer finds there ("stray" partitions): harmless in a cluster with two other copies, the loss of
everything on a laptop. Therefore logs are checked before Kafka opens them.
"""

import mmap
import re
import struct
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from pathlib import Path

METADATA = "__cluster_metadata-0"
# baseOffset, batchLength (what follows it), partitionLeaderEpoch, magic
HEADER = struct.Struct(">qiib")
MAGIC = 2
LENGTH_STARTS_AFTER = 12
MAX_BATCHES = 20_000  # in a segment: a start on gigabytes must not wait for this
TOPIC_ID = re.compile(r"^topic_id: (\S+)$", re.MULTILINE)


def find_damage(node_dir: Path) -> str | None:
    """The first damage in a node's logs, as the rest of a sentence; None when there is none.

    A batch that the file's end cuts off is not damage: a killed process leaves one.
    """
    directory = node_dir / METADATA
    if not directory.is_dir():
        # A node that was formatted and never started has neither it nor any partition.
        return f"{METADATA} is missing" if any(_partitions(node_dir)) else None
    for partition in (directory, *_partitions(node_dir)):
        for segment in sorted(partition.glob("*.log")):
            if (position := _first_bad_batch(segment)) is not None:
                return f"{partition.name}/{segment.name} is not a Kafka log at byte {position}"
    return None


def find_unknown_topic(node_dir: Path) -> str | None:
    """The directory of a partition whose topic the metadata do not know, None when all are known.

    Right for a single node only: in a cluster a topic may have been deleted while this node was down.
    """
    files = [*(node_dir / METADATA).glob("*.log"), *(node_dir / METADATA).glob("*.checkpoint")]
    known = b"".join(file.read_bytes() for file in files)
    for partition in _partitions(node_dir):
        found = TOPIC_ID.search(_text(partition / "partition.metadata"))
        # Records of the metadata log are not compressed: a topic's id stands in its TopicRecord as 16 plain bytes.
        if found and urlsafe_b64decode(found[1] + "==") not in known:
            return partition.name
    return None


def _partitions(node_dir: Path) -> Iterator[Path]:
    for path in sorted(node_dir.iterdir()):
        if path.is_dir() and re.search(r"-\d+$", path.name) and path.name != METADATA:
            yield path


def _first_bad_batch(segment: Path) -> int | None:
    size = segment.stat().st_size
    if size < HEADER.size:
        return None
    with segment.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        position, expected = 0, int(segment.stem)
        for _ in range(MAX_BATCHES):
            if position + HEADER.size > size:
                break
            base_offset, length, _epoch, magic = HEADER.unpack_from(content, position)
            if magic != MAGIC or length < HEADER.size or base_offset < expected:
                # A header that was torn, or space that was allocated before it was written: zeros up to the end.
                return position if any(content[position + HEADER.size :]) else None
            expected = base_offset + 1
            position += LENGTH_STARTS_AFTER + length
    return None


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except FileNotFoundError:
        return ""  # a partition directory that was made a moment before a kill
