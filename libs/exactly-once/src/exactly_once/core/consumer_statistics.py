"""The parts of librdkafka's consumer statistics that the engine uses (librdkafka's STATISTICS.md)."""

from collections.abc import Mapping
from typing import Any

from exactly_once.core.records import Partition


def any_broker_is_up(statistics: Mapping[str, Any]) -> bool:
    """Return True when the client is connected to a broker."""
    return any(broker["state"] == "UP" for broker in statistics["brokers"].values())


def stable_offsets(statistics: Mapping[str, Any]) -> dict[Partition, int]:
    """The last stable offset of each partition for which it is known."""
    return {
        (topic, int(number)): partition["ls_offset"]
        for topic, partitions in statistics["topics"].items()
        for number, partition in partitions["partitions"].items()
        if partition["ls_offset"] >= 0
    }
