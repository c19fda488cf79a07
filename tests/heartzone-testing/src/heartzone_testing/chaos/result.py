"""The result of a campaign: whatever is wrong, and how much has happened."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class Result:
    """What came of one campaign."""

    plan: Any
    """A Plan or a ServicesPlan."""
    findings: Sequence[Any] = ()
    """Records that are wrong: Finding, or a sentence for each."""
    problems: list[str] = field(default_factory=list)
    """Sentences about all else: workers that ended, offsets that went back, a reader that saw something else."""
    counts: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """For a file."""
        return asdict(self)
