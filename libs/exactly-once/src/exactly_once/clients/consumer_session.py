"""The consumers of one replica, one after the other: rewinding, and replacing a consumer that is lost."""

import logging

from exactly_once.clients.authorization import check_credentials
from exactly_once.clients.input_consumer import MAX_DISCONNECTED, InputConsumer
from exactly_once.config import WorkerConfig
from exactly_once.core.signals import ConsumerLost
from exactly_once.observer import Observer
from exactly_once.stop_flag import StopFlag

log = logging.getLogger(__name__)


class ConsumerSession:
    """Owns the current ``consumer``. A new one joins the group and starts at what the group has committed."""

    def __init__(self, config: WorkerConfig, observer: Observer, stopping: StopFlag) -> None:
        self._config = config
        self._observer = observer
        self._stopping = stopping
        self._joined_once = False
        self.consumer = self._new()

    def rewind(self) -> None:
        """Fetch again from the first record that no committed transaction has processed."""
        try:
            self.consumer.rewind()
        except ConsumerLost:
            self.replace()

    def rewind_to_committed(self) -> None:
        """Fetch again from what the group has committed, after a commit whose outcome is not known."""
        try:
            self.consumer.rewind_to_committed()
        except ConsumerLost:
            # A new member reads the committed offsets when it is assigned, and waits for the response.
            self.replace()

    def check_credentials(self) -> None:
        """Raise AuthenticationError when the brokers reject the consumer's credentials, and none has joined so far."""
        self._joined_once = self._joined_once or self.consumer.joined
        check_credentials(self.consumer.credentials_error, worked=self._joined_once)

    def replace_if_disconnected(self) -> None:
        """Replace a consumer that has reached no broker for too long."""
        if self.consumer.is_disconnected:
            log.warning("consumer_replaced", extra={"disconnected_seconds": MAX_DISCONNECTED})
            self.replace()

    def replace(self) -> None:
        """Leave the group and join it anew."""
        self.consumer.close()
        self.consumer = self._new()

    def close(self) -> None:
        """Leave the group, so that the others take over at once."""
        self.consumer.close()

    def _new(self) -> InputConsumer:
        return InputConsumer(self._config, self._observer, self._stopping)
