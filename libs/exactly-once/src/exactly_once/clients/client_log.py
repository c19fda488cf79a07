"""librdkafka's log lines on their way to a logger."""

import logging
import time

# Facilities of rd_kafka_broker_fail() and of requests that ran into their timeout.
CONNECTION_LOST = ("FAIL", "REQTMOUT")

# Seconds between two such lines: an unavailable broker would fill the log with them.
LOG_INTERVAL = 10.0


class ClientLog:
    """What confluent_kafka takes as ``logger``; lines arrive when the client is polled."""

    def __init__(self, logger: logging.Logger | None) -> None:
        self._logged_at = -LOG_INTERVAL
        self._logger = logger or logging.getLogger("exactly_once.librdkafka")

    def log(self, level: int, message: str, *arguments: object) -> None:
        """Pass a line on; its first argument is the facility."""
        if arguments and arguments[0] in CONNECTION_LOST:
            if time.monotonic() - self._logged_at < LOG_INTERVAL:
                return
            self._logged_at = time.monotonic()
        self._logger.log(level, message, *arguments)
