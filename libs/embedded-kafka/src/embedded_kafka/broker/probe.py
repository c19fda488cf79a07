"""A broker's readiness, as any client sees it."""

import logging
from collections.abc import Collection, Mapping
from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

# librdkafka reports every failed connection to a broker that is not up yet: expected here, and shown to nobody.
_silent = logging.getLogger("embedded_kafka.broker.probe")
_silent.addHandler(logging.NullHandler())
_silent.propagate = False


class ClusterProbe:
    """Asks brokers for the cluster's metadata, as any client does first."""

    def __init__(self, client_config: Mapping[str, str]) -> None:
        quick = {"reconnect.backoff.ms": "20", "reconnect.backoff.max.ms": "100"}
        settings: dict[str, Any] = {**client_config, **quick, "error_cb": lambda _: None}
        self._admin = AdminClient(settings, logger=_silent)

    def sees(self, cluster_id: str, node_ids: Collection[int]) -> bool:
        """Check whether this very cluster responds and all these nodes are registered and unfenced in it."""
        try:
            # The stubs say that cluster_id is always None.
            metadata: Any = self._admin.list_topics(timeout=0.5)
        except KafkaException:
            return False
        return bool(metadata.cluster_id == cluster_id and set(node_ids) <= set(metadata.brokers))
