"""The callbacks of a producer: what librdkafka reports apart from the results of calls. They never raise."""

import json
import logging
import time
from collections.abc import Callable
from typing import Any

from confluent_kafka import KafkaError

from exactly_once.clients.client_log import ClientLog
from exactly_once.config import WorkerConfig
from exactly_once.core.connection_errors import connection_error
from exactly_once.core.rejected_credentials import RejectedCredentials
from exactly_once.core.transaction_ends import end_requests

CONNECTION_ERRORS = (KafkaError._TRANSPORT, KafkaError._RESOLVE, KafkaError._SSL, KafkaError._AUTHENTICATION)
# Seconds between two of librdkafka's statistics for the user of this library.
REPORT_INTERVAL = 5.0

log = logging.getLogger(__name__)


class ProducerCallbacks:
    """Called while the producer is polled or flushed; ``on_end_requests`` with the number of EndTxn requests sent.

    ``rejections`` is told of brokers that reject the credentials.
    """

    def __init__(
        self, config: WorkerConfig, on_end_requests: Callable[[int], None], rejections: RejectedCredentials
    ) -> None:
        self.credentials_error: str | None = None
        """What the broker or TLS said when it rejected our credentials, None while it has not."""
        self._rejections = rejections
        self.connection_error: str | None = None
        """The last error of a connection to a broker, None while there was none."""
        self._report = config.on_producer_statistics
        self._on_end_requests = on_end_requests
        self._reported_at = time.monotonic()
        self.properties: dict[str, Any] = {
            "logger": ClientLog(config.logger),
            "error_cb": self._on_error,
            "stats_cb": self._on_statistics,
        }

    def _on_error(self, error: KafkaError) -> None:
        if error.code() in (KafkaError._AUTHENTICATION, KafkaError._SSL):
            self.credentials_error = error.str()
            self._rejections.rejected(error.str(), time.monotonic())
        if error.code() in CONNECTION_ERRORS:
            self.connection_error = connection_error(error.str())

    def _on_statistics(self, document: str) -> None:
        try:
            statistics = json.loads(document)
            self._on_end_requests(end_requests(statistics))
            self._rejections.saw(statistics)
            now = time.monotonic()
            if self._report is not None and now - self._reported_at >= REPORT_INTERVAL:
                self._reported_at = now
                self._report(document)
        except Exception:
            log.exception("producer_statistics_failed")
