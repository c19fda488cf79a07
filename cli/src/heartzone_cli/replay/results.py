"""The zone events of a replay, read from Kafka after it was sent.

Three steps, none of which computes a zone:
1. Find the replay's records in the input topic, from its end before the replay to its end after it.
2. Wait until the zone workers' committed offsets have passed them. Offsets and outputs are in one transaction, so
   that from then on every output is in the output topic, at worst still before the control record that commits it.
3. Read the output topic, from its end before the replay to its end now, past those control records.
"""

import threading
from collections.abc import Collection
from dataclasses import dataclass
from time import monotonic

import msgspec

from heartzone.messages import Biometrics
from heartzone.wire import BadFrameError, unframe
from heartzone_cli.cluster.connection import Cluster
from heartzone_cli.cluster.topic_reader import Offsets, TopicReader
from heartzone_cli.cluster.zone_events import ZoneEventDecoder
from heartzone_cli.replay.tally import ZoneCounter

# Seconds
POLL_INTERVAL = 0.05
READ_TIMEOUT = 60.0


@dataclass(frozen=True)
class Before:
    """The ends of the topics before the replay."""

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
        topics = cluster.topics
        self._before = Before(reader.end_offsets(topics.biometrics), reader.end_offsets(topics.zones))

    def sent_records(self, device_ids: Collection[str]) -> list[SentRecord]:
        """Return the input records of these devices since the replay began. Raises TopicUnavailableError."""
        topic = self._cluster.topics.biometrics
        keys = {device_id.encode() for device_id in device_ids}
        decoder = msgspec.json.Decoder(Biometrics)
        records = []
        for message in self._reader.read_range(
            topic,
            self._before.biometrics,
            self._reader.end_offsets(topic),
            deadline=monotonic() + READ_TIMEOUT,
        ):
            if message.key() not in keys:
                continue
            try:
                _, payload = unframe(message.value())
                samples = len(decoder.decode(payload).heart_rates)
            except (BadFrameError, msgspec.MsgspecError):
                samples = 0  # another program's record with this key, which the workers process as well
            partition, offset = message.partition(), message.offset()
            assert partition is not None
            assert offset is not None
            records.append(SentRecord(partition, offset, samples))
        return records

    def wait_until_processed(
        self, records: Collection[SentRecord], *, timeout: float, stop: threading.Event
    ) -> list[SentRecord]:
        """Wait for the zone workers; return the records that they had not processed at the timeout, in seconds.

        The timeout starts anew with each of their commits. Raises TopicUnavailableError.
        """
        left = list(records)
        last_seen: Offsets = {}
        deadline = monotonic() + timeout
        while left:
            committed = self._reader.committed_offsets(
                self._cluster.group_id,
                self._cluster.topics.biometrics,
                {record.partition for record in left},
            )
            left = [record for record in left if committed.get(record.partition, 0) <= record.offset]
            if committed != last_seen:
                last_seen, deadline = committed, monotonic() + timeout
            if not left or monotonic() > deadline or stop.wait(POLL_INTERVAL):
                break
        return left

    def count_zones(self, counter: ZoneCounter, device_ids: Collection[str]) -> None:
        """Count the zone events of these devices in the output topic. Raises TopicUnavailableError."""
        topic = self._cluster.topics.zones
        keys = {device_id.encode() for device_id in device_ids}
        decoder = ZoneEventDecoder()
        for record in self._reader.read_range(
            topic, self._before.zones, self._reader.end_offsets(topic), deadline=monotonic() + READ_TIMEOUT
        ):
            if record.key() in keys and (event := decoder.decode(record.value())) is not None:
                counter.count(event)
        counter.tally.invalid += decoder.invalid
