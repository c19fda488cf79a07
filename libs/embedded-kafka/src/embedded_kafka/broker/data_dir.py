"""The data directory of a cluster: created whole or not at all, recognised and checked at the next start.

Layout::

    nodes/1 … nodes/n   the log directory of each node (meta.properties, bootstrap.checkpoint, then Kafka's own)
    config/             server.properties of each node, rewritten at every start; readable by the owner only
    logs/               output of the nodes, unless there is a `log_dir`
    tmp/                what the nodes unpack, removed when the cluster stops
    in-use.lock         held while a cluster runs on the directory
"""

import shutil
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path

from embedded_kafka.broker.log_integrity import find_damage, find_unknown_topic
from embedded_kafka.errors import DamagedDataDirError

META = "meta.properties"
BOOTSTRAP = "bootstrap.checkpoint"


def new_cluster_id() -> str:
    """A random id in Kafka's form: 16 bytes in URL-safe base64 without padding, not starting with a dash."""
    return urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "A", 1)


def node_dir(data_dir: Path, node_id: int) -> Path:
    """The log directory of a node."""
    return data_dir / "nodes" / str(node_id)


def read_cluster_id(data_dir: Path, nodes: int) -> str | None:
    """The id of the cluster whose data are there, None when there are none yet.

    Raises DamagedDataDirError when the data are another number of nodes', incomplete, or not Kafka's.
    """
    root = data_dir / "nodes"
    if not root.exists():
        return None
    found = sorted(path.name for path in root.iterdir())
    if found != sorted(str(i + 1) for i in range(nodes)):
        raise DamagedDataDirError(
            f"{root} holds {', '.join(found) or 'nothing'}, expected the directories of {nodes} node(s), 1 to "
            f"{nodes}: it was written with another number of nodes, or is damaged; nothing in it was touched."
        )
    ids = {_node_cluster_id(node_dir(data_dir, i + 1), i + 1) for i in range(nodes)}
    if len(ids) != 1:
        raise DamagedDataDirError(f"the nodes in {root} belong to different clusters: {', '.join(sorted(ids))}.")
    for i in range(nodes):
        if damage := find_damage(node_dir(data_dir, i + 1)):
            raise DamagedDataDirError(f"{node_dir(data_dir, i + 1)} is damaged: {damage}; nothing in it was touched.")
    if nodes == 1 and (unknown := find_unknown_topic(node_dir(data_dir, 1))):
        raise DamagedDataDirError(
            f"{node_dir(data_dir, 1)} is damaged: its metadata do not know the partition {unknown}, which Kafka would "
            "delete; nothing in it was touched."
        )
    return ids.pop()


def create(data_dir: Path, nodes: int, cluster_id: str, format_first: Callable[[Path], None]) -> None:
    """Format the log directories of a new cluster.

    `format_first(directory)` has Kafka's StorageTool format node 1's; the others get the same bootstrap records, which
    hold nothing of a node, and a meta.properties of their own: what the tool writes, without a JVM start for each.
    """
    staging = data_dir / "nodes.new"
    shutil.rmtree(staging, ignore_errors=True)
    first = staging / "1"
    first.mkdir(parents=True)
    format_first(first)
    for node_id in range(2, nodes + 1):
        directory = staging / str(node_id)
        directory.mkdir()
        shutil.copyfile(first / BOOTSTRAP, directory / BOOTSTRAP)
        directory_id = new_cluster_id()
        (directory / META).write_text(
            f"cluster.id={cluster_id}\ndirectory.id={directory_id}\nnode.id={node_id}\nversion=1\n"
        )
    staging.rename(data_dir / "nodes")


def _node_cluster_id(directory: Path, node_id: int) -> str:
    try:
        lines = (directory / META).read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DamagedDataDirError(
            f"{directory / META} cannot be read ({type(error).__name__}): the data directory is damaged or was not "
            "written by embedded Kafka; nothing in it was touched."
        ) from error
    meta = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    cluster_id = meta.get("cluster.id", "")
    if meta.get("version") != "1" or meta.get("node.id") != str(node_id) or not cluster_id:
        raise DamagedDataDirError(
            f"{directory / META} does not describe node {node_id} of a cluster: the data directory is damaged; "
            "nothing in it was touched."
        )
    return cluster_id
