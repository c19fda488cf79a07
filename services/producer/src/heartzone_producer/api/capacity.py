"""Keep the number of open connections within its limit, as nginx does: the idle ones make room for new ones."""

from __future__ import annotations

from heapq import nsmallest
from typing import TYPE_CHECKING

from heartzone_producer.api.problems import RETRY_AFTER_SECONDS, ProblemError, ProblemKind

if TYPE_CHECKING:
    from heartzone_producer.api.connection import Connection

SHARE = 16
"""A sixteenth of the connections is closed at a time, so that looking for idle ones costs each new one little."""


def make_room(connections: set[Connection], newcomer: Connection, limit: int) -> bool:
    """Close idle connections, those first that would be overdue first; False, and it is left out, when none is idle."""
    connections.discard(newcomer)
    idle = [each for each in connections if each.is_idle()]
    for each in nsmallest(max(1, limit // SHARE), idle, key=lambda each: each.deadline or 0.0):
        each.transport.close()
        connections.discard(each)
    if len(connections) < limit:
        connections.add(newcomer)
    return newcomer in connections


def too_many_connections(limit: int) -> ProblemError:
    """The problem of a connection that there is no room for."""
    return ProblemError(
        ProblemKind.TOO_MANY_REQUESTS,
        f"{limit} connections with a request are open, which is the limit. Connect again later.",
        headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
    )
