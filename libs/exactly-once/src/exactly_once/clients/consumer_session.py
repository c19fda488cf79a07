"""The consumers of one replica, one after the other: rewinding, and replacing a consumer that is lost."""

import gc
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from confluent_kafka import TopicPartition

from exactly_once.clients.authorization import check_credentials
from exactly_once.clients.input_consumer import MAX_DISCONNECTED, InputConsumer
from exactly_once.config import ConsumerConfig
from exactly_once.core.reasons import RebuildReason, WaitReason
from exactly_once.core.records import Partition
from exactly_once.core.rejected_credentials import RejectedCredentials
from exactly_once.core.signals import ConsumerLost, StopRequested
from exactly_once.observer import Observer
from exactly_once.stop_flag import StopFlag

# How long to wait with one consumer for what became of a commit: its transaction is ended when this is asked, but its
# markers may still be on their way to the group's coordinator.
SETTLE_TIMEOUT = 30.0  # seconds
RETRY_INTERVAL = 0.1  # seconds

log = logging.getLogger(__name__)


class ConsumerSession:
    """Owns the current ``consumer``. A new one joins the group and starts at what the group has committed.

    ``config`` returns what a new one is made with; while it is what the current one was made with, that stays.
    """

    def __init__(self, config: Callable[[], ConsumerConfig], observer: Observer, stopping: StopFlag) -> None:
        self._config = config
        self._observer = observer
        self._stopping = stopping
        self._seen: dict[Partition, list[str]] = {}
        self._restarted: list[tuple[Partition, bool]] = []
        self._joined_once = False
        self._made_with = config()
        self.rejections = RejectedCredentials()
        self.consumer = self._new()

    def rewind(self) -> None:
        """Fetch again from the first record that no committed transaction has processed."""
        with suppress(ConsumerLost):
            self.consumer.rewind()
            return
        self.replace()  # not in a handler: see TransactionalProducer

    def were_committed(self, offsets: Sequence[TopicPartition], on_wait: Callable[[str], None]) -> bool:
        """Whether the group has these offsets committed, after a commit whose outcome is not known.

        ``on_wait`` is called with a reason for as long as the brokers do not say, and serves the consumer. That is
        replaced at intervals, with its lookups: a client that has lost every broker may never connect again. The
        partitions are located anew. Where their topics are gone, nothing shows it, and nothing depends on it.

        Raises:
            StopRequested: a stop came first.
        """
        deadline = time.monotonic() + SETTLE_TIMEOUT
        while (committed := self.consumer.flow.were_committed(offsets)) is None:
            on_wait(WaitReason.OFFSETS)
            if self._stopping.wait(RETRY_INTERVAL):
                raise StopRequested
            if time.monotonic() > deadline:
                self.replace()
                deadline = time.monotonic() + SETTLE_TIMEOUT
        self.consumer.flow.locate([(each.topic, each.partition) for each in offsets])
        return committed

    def serve(self) -> None:
        """Keep the consumer a member of its group while something else is waited for; nothing is fetched meanwhile."""
        self.replace_if_outdated()
        with suppress(ConsumerLost):
            self.consumer.serve()
            return
        self.replace()

    def take_restarted(self) -> list[tuple[Partition, bool]]:
        """Partitions that have gone on elsewhere, or were lost, and whether by a person's command."""
        taken, self._restarted = [*self._restarted, *self.consumer.flow.take_restarted()], []
        return taken

    def check_credentials(self) -> None:
        """Raise AuthenticationError when the brokers reject the consumer's credentials, and none has joined so far."""
        self._joined_once = self._joined_once or self.consumer.joined
        check_credentials(self.consumer.credentials_error, worked=self._joined_once)

    def replace_if_disconnected(self) -> None:
        """Replace a consumer that has reached no broker for too long."""
        if self.consumer.is_disconnected:
            log.warning("consumer_replaced", extra={"disconnected_seconds": MAX_DISCONNECTED})
            self.replace()

    def replace_if_outdated(self) -> None:
        """Replace a consumer that was made with another configuration than there is now."""
        if self._config() is not self._made_with:
            log.info("consumer_replaced", extra={"reason": RebuildReason.RECONNECTED.value})
            self.replace()

    def replace(self) -> None:
        """Leave the group and join it anew."""
        self.consumer.close()
        self._restarted += self.consumer.flow.take_restarted()
        self.consumer = self._new()
        # The old one and its lookups are in cycles with their callbacks, and each client has threads and buffers: in an
        # outage one is replaced after the other, long before the collector would come by itself.
        gc.collect()

    def close(self) -> None:
        """Leave the group, so that the others take over at once."""
        self.consumer.close()

    def _new(self) -> InputConsumer:
        config = self._config()
        if config is not self._made_with:  # those of other credentials say nothing about these
            self._made_with, self.rejections = config, RejectedCredentials()
        return InputConsumer(config, self._observer, self._seen, self.rejections)
