"""Consequences of actions that cannot be undone, of which a person is asked before they are applied."""

from decimal import Decimal, InvalidOperation

from event_topics.model.steps import Action, AddPartitions, AlterConfig, ConfigChange

# Lowering these makes the broker delete records that it keeps now.
_RETENTION = frozenset({"retention.ms", "retention.bytes"})
_UNLIMITED = -1


def consequences(action: Action) -> tuple[str, ...]:
    """Return one sentence for each thing that could not be undone; empty when the action can be undone."""
    match action:
        case AddPartitions(topic=topic):
            return (
                f"Keys of {topic!r} move to other partitions, so that the order of a key holds only from now "
                "on, and the number of partitions cannot be lowered again.",
            )
        case AlterConfig(topic=topic, changes=changes):
            return tuple(
                f"{change.key} of {topic!r} lets the broker delete records that it keeps now."
                for change in changes
                if _deletes_records(change)
            )
        case _:
            return ()


def _deletes_records(change: ConfigChange) -> bool:
    if change.key == "cleanup.policy":
        return not _policies(change.after) <= _policies(change.before)
    return change.key in _RETENTION and not _at_least(change.after, change.before)


def _policies(value: str | None) -> frozenset[str]:
    return frozenset(part.strip() for part in (value or "").split(",")) - {""}


def _at_least(after: str | None, before: str | None) -> bool:
    """Return whether the new limit keeps all that the old one kept; False when one of them is unknown."""
    try:
        new, old = Decimal(after or ""), Decimal(before or "")
    except InvalidOperation:
        return False
    return new == _UNLIMITED or (old != _UNLIMITED and new >= old)
