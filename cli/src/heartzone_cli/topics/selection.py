"""Which topics an export is about: those that patterns name, or all but tools' own. Pure."""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

TOOLS_OWN = "_"  # how registries, Connect and canaries name their topics: _schemas, __amazon_msk_canary


class Selection(NamedTuple):
    """`topics` to export; `unmatched` patterns; `own`: those of tools, left out."""

    topics: tuple[str, ...]
    unmatched: tuple[str, ...]
    own: tuple[str, ...]


def select(names: Sequence[str], patterns: Sequence[str]) -> Selection:
    """Choose by shell patterns (`*`, `?`, `[ab]`), which tell capitals from small letters."""
    if not patterns:
        own = tuple(name for name in names if name.startswith(TOOLS_OWN))
        return Selection(tuple(name for name in names if name not in own), (), own)
    matched = tuple(name for name in names if any(fnmatchcase(name, pattern) for pattern in patterns))
    unmatched = tuple(pattern for pattern in patterns if not any(fnmatchcase(name, pattern) for name in names))
    return Selection(matched, unmatched, ())


def ownerless(subjects: Sequence[str], names: Sequence[str]) -> tuple[str, ...]:
    """Return the subjects that belong to no topic by TopicNameStrategy, which no EventTopic can describe."""
    owned = {f"{name}-{half}" for name in names for half in ("value", "key")}
    return tuple(subject for subject in subjects if subject not in owned)
