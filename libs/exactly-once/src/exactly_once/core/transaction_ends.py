"""Proof that the request that ends a transaction (EndTxn) was sent once.

librdkafka sends it again without a word when a connection breaks or a response is late. The first one may still be
under way then, and could end a later transaction of the same epoch (KAFKA-17754; KIP-890 prevents it, which librdkafka
does not implement). Two things prove that it was sent once:

- The call was over before a second request could have been sent: librdkafka waits for at least four fifths of
  ``retry.backoff.ms`` before it repeats a request (rdkafka_broker.c, ``rd_kafka_broker_buf_retry``).
- Statistics that were made after the call count one request more than before: a request is counted when it is sent, so
  before its response can arrive, and statistics are made on the thread that takes the response.
"""

from collections.abc import Mapping
from typing import Any

# What librdkafka makes of retry.backoff.ms at least, by its jitter of 20 %.
SHORTEST_BACKOFF = 0.8


def end_requests(statistics: Mapping[str, Any]) -> int:
    """How many such requests a producer has sent, by its statistics (librdkafka's STATISTICS.md)."""
    return sum(broker["req"].get("EndTxn", 0) for broker in statistics["brokers"].values())


class TransactionEnds:
    """The ends of one producer's transactions, one after the other.

    ``ended`` after each; ``reported`` for statistics that were made after it; ``begun`` before the next.
    """

    def __init__(self, retry_backoff: float) -> None:
        self._shortest_retry = SHORTEST_BACKOFF * retry_backoff
        self._sent_before = 0
        """Requests that are known to have been sent for earlier transactions: at least so many."""
        self._sent: int | None = None
        self._proven = True

    @property
    def repeated(self) -> bool | None:
        """Whether the last request may have been sent twice; None while that is not known yet."""
        if self._proven:
            return False
        if self._sent is None:
            return None
        # Fewer than before: librdkafka has dropped a broker, and with it what was sent there.
        return self._sent > self._sent_before + 1 or self._sent < self._sent_before

    def begun(self) -> None:
        """A transaction begins, with a producer whose earlier ones have ended with one request each."""
        if self._sent is not None:
            self._sent_before = self._sent
        self._sent, self._proven = None, True

    def ended(self, seconds: float, *, requested: bool) -> None:
        """A call that took so long has ended the transaction.

        Args:
            seconds: from before the request until after its response.
            requested: whether a request was sent for sure; a transaction that no broker knows ends without one.
        """
        self._proven, self._sent = seconds < self._shortest_retry, None
        if self._proven and requested:
            self._sent_before += 1

    def reported(self, sent: int) -> None:
        """So many requests had been sent when statistics were made."""
        self._sent = sent
