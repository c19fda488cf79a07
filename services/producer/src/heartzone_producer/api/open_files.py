"""Have the system allow as many open files as there may be connections."""

import resource

import structlog

log = structlog.get_logger(__name__)

OTHER_FILES = 256
"""The Kafka clients' connections to brokers, the registry's, the management port's, and what Python itself opens."""


def allow_connections(count: int) -> None:
    """Raise the soft limit of open files as far as that takes; warn when the hard one is too low.

    The soft one is often 1024, for programs that still use select(2); what needs more raises it itself.
    """
    needed = count + OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    allowed = needed if hard == unlimited else min(needed, hard)
    if soft != unlimited and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    if allowed < needed:
        log.warning("open_files_limited", limit=hard, needed=needed)
