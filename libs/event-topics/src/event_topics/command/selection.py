"""The topics of an export: those that match patterns, or all but those of tools. Pure."""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

INTERNAL_PREFIX = "_"  # of the topics of registries, Connect and canaries: _schemas, __amazon_msk_canary


class Selection(NamedTuple):
    """`topics` to export; `unmatched` patterns; `internal`: topics of tools, left out."""

    topics: tuple[str, ...]
    unmatched: tuple[str, ...]
    internal: tuple[str, ...]


def select(names: Sequence[str], patterns: Sequence[str]) -> Selection:
    """Choose by shell patterns (`*`, `?`, `[ab]`), which are case-sensitive."""
    if not patterns:
        internal = tuple(name for name in names if name.startswith(INTERNAL_PREFIX))
        return Selection(tuple(name for name in names if name not in internal), (), internal)
    matched = tuple(name for name in names if any(fnmatchcase(name, pattern) for pattern in patterns))
    unmatched = tuple(pattern for pattern in patterns if not any(fnmatchcase(name, pattern) for name in names))
    return Selection(matched, unmatched, ())


def ownerless(subjects: Sequence[str], names: Sequence[str]) -> tuple[str, ...]:
    """Return the subjects that belong to no topic by TopicNameStrategy, which no EventTopic can describe."""
    owned = {f"{name}-{half}" for name in names for half in ("value", "key")}
    return tuple(subject for subject in subjects if subject not in owned)
