"""The open transactions that the cluster's coordinators know of.

librdkafka has none of the requests of KIP-664, so they are read where the coordinators keep them: from the end of the
internal topic `__transaction_state`, where every transaction is written when it begins and whenever it changes.
"""

from dataclasses import dataclass
from time import monotonic, time

from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from heartzone_cli.cluster.clients import REQUEST_TIMEOUT, open_admin
from heartzone_cli.cluster.connection import Cluster, cannot_read
from heartzone_cli.cluster.topic_reader import TopicReader, TopicUnavailableError
from heartzone_cli.errors import CannotRunError
from heartzone_cli.transactions.state_record import (
    Transaction,
    UnknownFormatError,
    transaction_of,
    transactional_id_of,
)

TOPIC = "__transaction_state"
READ_TIMEOUT = 300.0  # seconds


@dataclass(frozen=True, slots=True)
class Known:
    """What the coordinators know; `unreadable` counts the records of a format that is not known here."""

    open: list[Transaction]
    """The oldest first."""
    unreadable: int = 0


def read_open(cluster: Cluster, *, since: float) -> Known:
    """Read the open transactions that have changed in the last `since` seconds. Raises CannotRunError."""
    admin = open_admin(cluster)
    if not _exists(admin, cluster):
        return Known([])
    latest: dict[bytes, bytes | None] = {}
    try:
        with TopicReader(consumer=cluster.consumer, admin=cluster.admin) as reader:
            end = reader.end_offsets(TOPIC)
            start = _start(admin, end, since=since)
            for record in reader.read_range(TOPIC, start, end, deadline=monotonic() + READ_TIMEOUT):
                latest[record.key() or b""] = record.value()
    except TopicUnavailableError as error:
        raise cannot_read(error, cluster) from error
    found, unreadable = [], 0
    for key, value in latest.items():
        if value is None:  # expired, and forgotten
            continue
        try:
            transactional_id_of(key)
            found.append(transaction_of(key, value))
        except UnknownFormatError:
            unreadable += 1
    return Known(sorted((each for each in found if each.state.is_open), key=lambda each: each.started), unreadable)


def _exists(admin: AdminClient, cluster: Cluster) -> bool:
    """Whether there is such a topic: a cluster has it once somebody has used a transaction."""
    try:
        problem = admin.list_topics(TOPIC, timeout=REQUEST_TIMEOUT).topics[TOPIC].error
    except KafkaException as error:
        raise CannotRunError(
            f"Kafka does not respond: {error.args[0].str()}. (Kafka at {cluster.bootstrap_servers}, from"
            f" {cluster.origin})"
        ) from error
    if problem is None:
        return True
    if problem.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
        return False
    raise CannotRunError(f"The topic {TOPIC} cannot be read: {problem.str()}. It takes the right Read on it.")


def _start(admin: AdminClient, end: dict[int, int], *, since: float) -> dict[int, int]:
    spec = OffsetSpec.for_timestamp(int(max(0.0, time() - since) * 1000))
    futures = admin.list_offsets(
        {TopicPartition(TOPIC, partition): spec for partition in end}, request_timeout=REQUEST_TIMEOUT
    )
    start = {}
    for at, future in futures.items():
        try:
            offset = future.result().offset
        except KafkaException as error:
            raise CannotRunError(f"The offsets of {TOPIC} cannot be read: {error.args[0].str()}.") from error
        start[at.partition] = end[at.partition] if offset < 0 else offset  # nothing is as new
    return start
