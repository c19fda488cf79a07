"""Keep the number of open connections within its limit, as nginx does: the idle ones make room for new ones."""

from __future__ import annotations

from heapq import nsmallest
from typing import TYPE_CHECKING

from heartzone_producer.api.problems import RETRY_AFTER_SECONDS, ProblemError, ProblemKind

if TYPE_CHECKING:
    from collections.abc import Collection

    from heartzone_producer.api.connection import Connection

SHARE = 16
"""A sixteenth of the connections is closed at a time, so that looking for idle ones costs each new one little."""


def overdue_first(connections: Collection[Connection], limit: int) -> list[Connection]:
    """The idle connections to close when there are more than ``limit``: those that would be overdue first."""
    idle = [each for each in connections if each.is_idle()]
    return nsmallest(max(1, limit // SHARE), idle, key=lambda each: each.deadline or 0.0)


def too_many_connections(limit: int) -> ProblemError:
    """The problem of a connection that there is no room for."""
    return ProblemError(
        ProblemKind.TOO_MANY_REQUESTS,
        f"{limit} connections with a request are open, which is the limit. Connect again later.",
        headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
    )
