"""The offsets at which a consumer starts: what its group has committed, or the earliest records."""

import time
from collections.abc import Sequence

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from exactly_once.clients.authorization import not_authorized_to_read
from exactly_once.config import WorkerConfig
from exactly_once.stop_flag import StopFlag

# How long a new owner waits for the group's committed offsets: a dead predecessor's transaction
# keeps them unstable until the broker aborts it (its timeout plus the coordinator's 10 s sweep).
COMMITTED_TIMEOUT = 30.0
# Seconds of one call: no signal handler runs and no stop is noticed inside a call of librdkafka.
CALL_TIMEOUT = 1.0
RETRY_INTERVAL = 0.1  # seconds


class StartOffsets:
    """Reads the start of partitions for the members of a group."""

    def __init__(self, config: WorkerConfig, stopping: StopFlag) -> None:
        self._config = config
        self._stopping = stopping

    def of(self, consumer: Consumer, partitions: Sequence[TopicPartition]) -> list[TopicPartition]:
        """Each partition with its committed offset (and that one's leader epoch), or the earliest where there is none.

        Raises:
            KafkaException: no response within 30 s, or a stop came first.
            AuthorizationError: an ACL is missing.
        """
        if not partitions:
            return []
        deadline = time.monotonic() + COMMITTED_TIMEOUT
        starts = self._committed(consumer, partitions, deadline)
        for each in starts:
            if each.offset < 0:
                each.offset, _high = consumer.get_watermark_offsets(each, timeout=_left(deadline))
        return starts

    def _committed(
        self, consumer: Consumer, partitions: Sequence[TopicPartition], deadline: float
    ) -> list[TopicPartition]:
        while True:
            try:
                committed = consumer.committed(list(partitions), timeout=min(CALL_TIMEOUT, _left(deadline)))
                failed = next((each.error for each in committed if each.error is not None), None)
                if failed is None:
                    return committed
                raise KafkaException(failed)
            except KafkaException as failure:
                if failure.args[0].code() == KafkaError.GROUP_AUTHORIZATION_FAILED:
                    raise not_authorized_to_read(self._config, failure.args[0]) from failure
                if time.monotonic() >= deadline:
                    raise
                # A coordinator that moves or still ends a transaction responds at once: retry, but not at once.
                if self._stopping.wait(RETRY_INTERVAL):
                    raise


def _left(deadline: float) -> float:
    return max(0.1, deadline - time.monotonic())
