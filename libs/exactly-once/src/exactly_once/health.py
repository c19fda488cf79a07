"""Liveness and readiness of a worker, for the probes of whatever supervises its process."""

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from exactly_once.core.records import Partition
from exactly_once.watchdog import DEFAULT_LIMIT

LIVE_SHARE = 2 / 3
"""Part of the watchdog's limit after which a worker counts as dead: a supervisor ends it in an orderly way, before."""


class Supervised(Protocol):
    """A loop that probes look at."""

    @property
    def progress_age(self) -> float:
        """Seconds since the loop last made progress."""

    @property
    def progress_limit(self) -> float | None:
        """Seconds without progress after which the watchdog ends the process, None without one."""

    @property
    def unready_reason(self) -> str | None:
        """Why nothing is processed, None when something is."""

    @property
    def set_aside(self) -> Mapping[Partition, str]:
        """Partitions that are not processed while the others are, each with the reason."""

    @property
    def assigned_partitions(self) -> int:
        """Number of partitions that the group has assigned to the worker."""


class Health(NamedTuple):
    """Result of a probe, with the reason in a few words for people."""

    ok: bool
    reason: str


def liveness(worker: Supervised) -> Health:
    """Whether the loop makes progress; it fails before the watchdog ends the process."""
    age = worker.progress_age
    if age < LIVE_SHARE * (worker.progress_limit or DEFAULT_LIMIT):
        return Health(True, "the loop makes progress")
    return Health(False, f"the loop has made no progress for {age:.0f} s")


def readiness(worker: Supervised) -> Health:
    """Whether records are processed; partitions that are set aside are told, and do not make the worker unready.

    Nor do they where all are halted: a rollout that waits for readiness would stop before the release that mends it.
    """
    reason = worker.unready_reason
    if reason is not None:
        return Health(False, reason)
    set_aside = worker.set_aside
    if not set_aside:
        return Health(True, "processing")
    partitions = ", ".join(f"{topic}[{number}] {why}" for (topic, number), why in sorted(set_aside.items()))
    if len(set_aside) >= worker.assigned_partitions:
        return Health(True, f"processing nothing: each of the partitions is set aside: {partitions}")
    return Health(True, f"processing, but for {len(set_aside)} of the partitions: {partitions}")
