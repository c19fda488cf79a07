"""What the zone workers made of a replay, read from Kafka after it was sent.

Three steps, none of which computes a zone:
1. The input topic, from its end before the replay to its end after it, tells which records are this replay's.
2. The zone workers' committed offsets pass them. Offsets and outputs are in one transaction, so that from then on
   every output is in the output topic, at worst still behind the marker that makes it visible.
3. The output topic, from its end before the replay to its end now, is read past those markers.
"""

import threading
from collections.abc import Collection
from dataclasses import dataclass
from time import monotonic

import msgspec

from heartzone.messages import Biometrics, HeartRateZoneReached
from heartzone.wire import BadFrameError, unframe
from heartzone_cli.cluster import Cluster
from heartzone_cli.replay.tally import ZoneCounter
from heartzone_cli.topic_reader import Offsets, TopicReader

POLL_S = 0.05
READ_TIMEOUT_S = 60.0


@dataclass(frozen=True)
class Before:
    """Where the topics ended before the replay."""

    biometrics: Offsets
    zones: Offsets


@dataclass(frozen=True)
class SentRecord:
    """One input record of this replay."""

    partition: int
    offset: int
    samples: int


class Results:
    """Follows one replay through Kafka."""

    def __init__(self, reader: TopicReader, cluster: Cluster) -> None:
        self._reader = reader
        self._cluster = cluster
        self._before = Before(reader.end_offsets(cluster.biometrics_topic), reader.end_offsets(cluster.zones_topic))

    def sent_records(self, device_ids: Collection[str]) -> list[SentRecord]:
        """Return the input records of these devices since the replay began. Raises TopicUnavailableError."""
        topic = self._cluster.biometrics_topic
        keys = {device_id.encode() for device_id in device_ids}
        decoder = msgspec.json.Decoder(Biometrics)
        records = []
        for message in self._reader.read_range(
            topic,
            self._before.biometrics,
            self._reader.end_offsets(topic),
            deadline=monotonic() + READ_TIMEOUT_S,
        ):
            if message.key() not in keys:
                continue
            try:
                _, payload = unframe(message.value())
                samples = len(decoder.decode(payload).heart_rates)
            except (BadFrameError, msgspec.MsgspecError):
                samples = 0  # another program's record under this key; the workers have to pass it all the same
            partition, offset = message.partition(), message.offset()
            assert partition is not None
            assert offset is not None
            records.append(SentRecord(partition, offset, samples))
        return records

    def wait_until_processed(
        self, records: Collection[SentRecord], *, patience_s: float, stop: threading.Event
    ) -> list[SentRecord]:
        """Wait for the zone workers; return the records that they had not processed when patience ended.

        Patience starts anew whenever the workers commit further. Raises TopicUnavailableError.
        """
        left = list(records)
        last_seen: Offsets = {}
        deadline = monotonic() + patience_s
        while left:
            committed = self._reader.committed_offsets(
                self._cluster.group_id,
                self._cluster.biometrics_topic,
                {record.partition for record in left},
            )
            left = [record for record in left if committed.get(record.partition, 0) <= record.offset]
            if committed != last_seen:
                last_seen, deadline = committed, monotonic() + patience_s
            if not left or monotonic() > deadline or stop.wait(POLL_S):
                break
        return left

    def count_zones(self, counter: ZoneCounter, device_ids: Collection[str]) -> None:
        """Count the messages of these devices in the output topic. Raises TopicUnavailableError."""
        topic = self._cluster.zones_topic
        keys = {device_id.encode() for device_id in device_ids}
        decoder = msgspec.json.Decoder(HeartRateZoneReached)
        for message in self._reader.read_range(
            topic, self._before.zones, self._reader.end_offsets(topic), deadline=monotonic() + READ_TIMEOUT_S
        ):
            if message.key() not in keys:
                continue
            try:
                _, payload = unframe(message.value())
                reached = decoder.decode(payload)
            except (BadFrameError, msgspec.MsgspecError):
                counter.tally.unreadable += 1
                continue
            counter.count(
                device_id=reached.device_id,
                zone=reached.zone,
                date_time=reached.date_time,
                heart_rate=reached.heart_rate,
            )
