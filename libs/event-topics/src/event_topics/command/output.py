"""The console as a command sees it, text for people and for programs, and the error with which a command ends."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from event_topics.kafka.topics import KafkaTopics
from event_topics.registry.subjects import SchemaSubjects

# Exit codes
DONE = 0
FAILED = 2
CHANGES_PLANNED = 3

Connect = Callable[[], tuple[KafkaTopics, SchemaSubjects]]
"""Opens the clients of a cluster, which the caller closes. Raises CannotRunError."""


class CannotRunError(Exception):
    """A command cannot start: one sentence with what to change. Nothing was sent or changed; exit code 2."""


@dataclass(frozen=True, slots=True)
class Console:
    """`write` and `warn` print a text, to stdout and stderr; `confirm` asks a person, and is None without one."""

    write: Callable[[str], None]
    warn: Callable[[str], None]
    confirm: Callable[[str], bool] | None


def listed(names: Sequence[str], limit: int) -> str:
    """Name at most `limit`, and count the rest: "a, b and 3 more"."""
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return f"{', '.join(names[:limit])}{more}"


def json_line(fields: Mapping[str, Any]) -> str:
    """Encode one object of machine-readable output."""
    return json.dumps(fields, ensure_ascii=False)
