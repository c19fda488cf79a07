"""Observes the lag of groups in the background: by a thread and clients of its own, so that reconciling never waits."""

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from threading import Event, Thread
from typing import Any, NamedTuple, TypeAlias

import structlog

from heartzone_operator.group_lag.lag_metrics import GroupLagMetrics
from service_chassis.consumer_groups.lag import lags, starts
from service_chassis.consumer_groups.oldest_records import OldestRecords
from service_chassis.consumer_groups.reader import GroupReader

TIMEOUT = 5.0  # seconds, of each request
REQUESTS_PER_GROUP = 4  # one after the other, with the reading of records

log = structlog.get_logger(__name__)


class ObservedGroup(NamedTuple):
    """A consumer group, and the topic that it reads."""

    group: str
    topic: str


_Properties: TypeAlias = tuple[Mapping[str, Any], Mapping[str, Any]]


class _Clients(NamedTuple):
    """What is connected for one group."""

    reader: GroupReader
    records: OldestRecords


class GroupLagMonitor:
    """Observes every `interval` seconds while its block lasts; the end of the block does not wait for the thread."""

    def __init__(
        self,
        groups: Sequence[ObservedGroup],
        metrics: GroupLagMetrics,
        *,
        interval: float,
        timeout: float = TIMEOUT,
        admin: Mapping[str, Any],
        consumer: Mapping[str, Any],
    ) -> None:
        """`timeout` (seconds) is that of each request; `admin` and `consumer` are properties of librdkafka."""
        self._groups = groups
        self._metrics = metrics
        self.rounds = 0
        """How often all groups have been observed, successfully or not."""
        self._interval = interval
        self._timeout = timeout
        self._properties: _Properties = (admin, consumer)
        self._stopping = Event()
        self._reasons: dict[ObservedGroup, str] = {}

    def reconnect(self, *, admin: Mapping[str, Any], consumer: Mapping[str, Any]) -> None:
        """Observe with clients that have these properties, from the next round on; from any thread."""
        self._properties = (admin, consumer)

    def __enter__(self) -> "GroupLagMonitor":
        if self._groups:
            # The process ends after it: librdkafka hands responses over on a thread of its own, also while Python is
            # being finalized, and that would end it by SIGSEGV. It takes as long as the requests of one group.
            Thread(target=self._run, name="group-lag").start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._run_with(self._properties)

    def _run_with(self, properties: _Properties) -> None:
        """Observe for as long as these are the properties, and all is known: then with new clients.

        librdkafka's keep to what they have learned of the cluster, for minutes after a broker of it has died.
        """
        with ExitStack() as clients:
            opened: dict[ObservedGroup, _Clients] = {}
            all_known = True
            while not self._stopping.is_set() and self._properties is properties and all_known:
                for each in self._groups:
                    if self._stopping.is_set():
                        return
                    try:
                        if each not in opened:
                            opened[each] = self._open(each.group, properties, clients)
                        reason = self._observe(each, opened[each])
                    except Exception as error:
                        self._metrics.unknown(*each)
                        reason = str(error) or type(error).__name__
                    self._note(each, reason)
                    all_known = all_known and not reason
                self.rounds += 1
                self._stopping.wait(self._interval)

    def _open(self, group: str, properties: _Properties, clients: ExitStack) -> "_Clients":
        admin, consumer = properties
        reader = GroupReader(group, admin=admin, consumer=consumer, timeout=self._timeout)
        clients.callback(reader.close)
        records = OldestRecords(consumer, group)
        clients.callback(records.close)
        return _Clients(reader, records)

    def _observe(self, each: ObservedGroup, clients: "_Clients") -> str:
        """Return why the lag of a partition is not known; nothing when all is."""
        found = clients.reader.positions(each.topic)
        sought = starts(found.positions)
        oldest, problem = clients.records.find(each.topic, sought, timeout=self._timeout) if sought else ({}, "")
        self._metrics.observed(*each, lags(found.positions, oldest, now=time.time()))
        return next(iter(found.unknown.values()), problem)

    def _note(self, each: ObservedGroup, reason: str) -> None:
        """Log why a lag is not known, once until that changes."""
        if reason == self._reasons.get(each, ""):
            return
        self._reasons[each] = reason
        if reason:
            log.warning("group_lag_unknown", group=each.group, topic=each.topic, reason=reason)
        else:
            log.info("group_lag_known", group=each.group, topic=each.topic)
