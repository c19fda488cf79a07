"""The selection that a command line asks for."""

from typing import Any

from exactly_once import DeadLetterReason
from heartzone_cli.dead_letters.selection import Selection
from heartzone_cli.errors import CannotRunError
from heartzone_zone_worker.reasons import PoisonReason

REASONS = {each.value: each for each in (*PoisonReason, *DeadLetterReason)}


def selection_of(rules: dict[str, Any]) -> Selection:
    """Return it. Raises CannotRunError for a reason that no dead letter has, and for times that select nothing."""
    selection = Selection(
        reasons=frozenset(rules["reasons"]),
        partitions=frozenset(rules["partitions"]),
        offsets=frozenset(rules["offsets"]),
        since=rules["since"],
        until=rules["until"],
    )
    for reason in sorted(selection.reasons - REASONS.keys()):
        raise CannotRunError(f"There is no reason {reason!r}; one of {', '.join(sorted(REASONS))} would be right.")
    if selection.since is not None and selection.until is not None and selection.since >= selection.until:
        raise CannotRunError(f"--to {selection.until.isoformat()} is not after --from {selection.since.isoformat()}.")
    return selection
