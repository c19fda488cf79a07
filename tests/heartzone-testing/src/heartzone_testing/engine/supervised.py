"""A worker as probes see it, whose state a test decides."""

from dataclasses import dataclass, field


@dataclass
class SupervisedWorker:
    """What ``exactly_once.health`` reads of a worker."""

    progress_age: float = 0.0
    progress_limit: float | None = 90.0
    unready_reason: str | None = None
    set_aside: dict[tuple[str, int], str] = field(default_factory=dict)
    assigned_partitions: int = 12
