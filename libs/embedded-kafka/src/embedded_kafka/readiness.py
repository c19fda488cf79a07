"""Waiting until something answers, or has ended, or has had its time."""

import logging
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

POLL_S = 0.02

# librdkafka reports every refused connection of a broker that is not up yet: expected here, so nobody is told.
_unheard = logging.getLogger("embedded_kafka.readiness")
_unheard.addHandler(logging.NullHandler())
_unheard.propagate = False


class NotReady(Exception):  # the caller makes an error of it, with the log that belongs to it
    """It ended (`exit_code`) or the time is over (`exit_code` None)."""

    def __init__(self, exit_code: int | None) -> None:
        super().__init__(exit_code)
        self.exit_code = exit_code


def await_ready(answers: Callable[[], bool], ended: Callable[[], int | None], timeout: float) -> None:
    """Poll `answers` until it is true; raises NotReady when `ended` gives an exit code or after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not answers():
        if (exit_code := ended()) is not None:
            raise NotReady(exit_code)
        if time.monotonic() > deadline:
            raise NotReady(None)
        time.sleep(POLL_S)


class ClusterProbe:
    """Asks brokers for the cluster's metadata, as any client does first."""

    def __init__(self, client_config: Mapping[str, str]) -> None:
        quick = {"reconnect.backoff.ms": "20", "reconnect.backoff.max.ms": "100"}
        settings: dict[str, Any] = {**client_config, **quick, "error_cb": lambda _: None}
        self._admin = AdminClient(settings, logger=_unheard)

    def sees(self, cluster_id: str, node_ids: Collection[int]) -> bool:
        """Whether this very cluster answers and all these nodes are registered and unfenced in it."""
        try:
            # The stubs say that cluster_id is always None.
            metadata: Any = self._admin.list_topics(timeout=0.5)
        except KafkaException:
            return False
        return bool(metadata.cluster_id == cluster_id and set(node_ids) <= set(metadata.brokers))
