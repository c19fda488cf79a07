"""Transactions that send records and commit which dead letters are handled, both or neither.

By the engine's transactional producer, so that every error has the consequence that it has in a worker. The
transactional id is the same for all commands on a group: the latest one ends what an earlier one left open, and fences
it.
"""

import logging
from collections.abc import Mapping, Sequence
from time import monotonic

from confluent_kafka import Consumer, KafkaException, TopicPartition

from exactly_once.clients.transactional_producer import TransactionalProducer
from exactly_once.config import WorkerConfig
from exactly_once.core.records import OutputRecord
from exactly_once.core.rejected_credentials import RejectedCredentials
from heartzone_cli.cluster.connection import Cluster
from heartzone_cli.dead_letters.topic import group_of
from heartzone_cli.errors import CannotRunError
from heartzone_cli.output import sentence
from service_chassis.consumer_groups.position import Committed

# Seconds
CLAIM_TIMEOUT = 30.0
OFFSETS_TIMEOUT = 15.0

# Above what a topic takes by default (1 MiB), as for the workers that wrote the dead letters.
MAX_BYTES = 2_000_000

# Errors are raised as one sentence each: the clients' own log stays off.
_SILENT = logging.getLogger(f"{__name__}.client")
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False


class Transactions:
    """Transactions of one epoch of the transactional id. `close` it; a new one takes its place after an error."""

    def __init__(self, cluster: Cluster) -> None:
        """Raises CannotRunError for properties that no client takes."""
        group = group_of(cluster)
        try:
            config = WorkerConfig(
                input_topics=[cluster.topics.dead_letters],
                group_id=group,
                transactional_id=group,
                connection=cluster.admin,
                consumer=cluster.consumer,
                producer={"message.max.bytes": MAX_BYTES, **cluster.producer},
                logger=_SILENT,
            )
            # Offsets that a transaction may still change are waited for (KIP-447).
            self._group = Consumer({**config.reader_properties(), "log_level": 0})
            self._producer = TransactionalProducer(config, RejectedCredentials())
        except (ValueError, KafkaException) as error:
            text = error.args[0].str() if isinstance(error, KafkaException) else str(error)
            raise CannotRunError(sentence(text)) from error
        self._topic = cluster.topics.dead_letters

    def claim(self) -> None:
        """Claim the transactional id, which ends what a predecessor left open.

        Raises:
            CannotRunError: it takes too long.
            ProducerLost, WorkerError: see `TransactionalProducer.initialize`.
        """
        deadline = monotonic() + CLAIM_TIMEOUT
        while not self._producer.initialize():
            if monotonic() > deadline:
                error = self._producer.callbacks.connection_error
                raise CannotRunError(
                    sentence(f"The transaction coordinator has not responded within {CLAIM_TIMEOUT:g} s: {error or ''}")
                )

    def committed(self, partitions: Sequence[int]) -> dict[int, Committed]:
        """Return the group's committed offsets, after everything that predecessors sent. Raises CannotRunError."""
        asked = [TopicPartition(self._topic, each) for each in partitions]
        try:
            found = self._group.committed(asked, OFFSETS_TIMEOUT)
        except KafkaException as error:
            raise CannotRunError(f"The committed offsets cannot be read: {error.args[0].str()}.") from error
        for each in found:
            if each.error is not None:  # else all letters of the partition would count as unhandled
                raise CannotRunError(f"The committed offsets cannot be read: {each.error.str()}.")
        return {each.partition: Committed(each.offset, each.metadata or "") for each in found if each.offset >= 0}

    def commit(self, records: Sequence[OutputRecord], offsets: Mapping[int, Committed]) -> None:
        """Send records and commit offsets in one transaction.

        Raises:
            RecordRejected: the client takes a record in no case; nothing is sent.
            TransactionAborted, ProducerLost, WorkerError: see `TransactionalProducer.commit`.
        """
        self._producer.begin()
        self._producer.produce(records)
        self._producer.commit(
            [TopicPartition(self._topic, each, at.offset, at.metadata) for each, at in offsets.items()],
            self._group.consumer_group_metadata(),
        )

    def needs_renewal(self) -> bool:
        """Whether another transaction is to be run by a successor: see `TransactionalProducer.renewal_reason`."""
        return self._producer.renewal_reason() is not None

    def close(self) -> None:
        """Drop the clients without waiting."""
        self._producer.close()
        self._group.close()
