"""Files that are read again when they change: a mounted Secret is, without a restart of the process."""

from collections.abc import Callable, Iterable
from pathlib import Path
from time import monotonic
from typing import Generic, TypeVar

import structlog

CHECK_INTERVAL = 1.0
"""Seconds for which files are taken to be as they were."""

T = TypeVar("T")
Identity = tuple[tuple[int, int, int, int], ...]

log = structlog.get_logger(__name__)


class FollowedFiles(Generic[T]):
    """What ``load`` makes of some files, as they are now.

    Kubernetes replaces a Secret's files by exchanging a symbolic link, so that files are compared by what the link
    leads to. While they cannot be loaded, what was loaded before stays in use, and the log says so: a mistake in a
    Secret takes nobody's access.

    Args:
        name: what the files hold, as logs call it.
        files: return every file, or folder, that ``load`` reads.
        load: raises OSError or ValueError when they cannot be used.

    Raises (constructor):
        OSError, ValueError: they cannot be used now.
    """

    def __init__(
        self, name: str, files: Callable[[], Iterable[Path]], load: Callable[[], T], *, interval: float = CHECK_INTERVAL
    ) -> None:
        self._name = name
        self._files = files
        self._load = load
        self._interval = interval
        self._problem: str | None = None
        # Before they are read: what changes meanwhile is read once more.
        self._identity: Identity | None = self._identify()
        self._current = load()
        self._checked = monotonic()

    @property
    def current(self) -> T:
        """What the files hold; looks at them at most once an interval."""
        now = monotonic()
        if now - self._checked >= self._interval:
            self._checked = now
            self._check()
        return self._current

    def _check(self) -> None:
        try:
            identity = self._identify()
            if identity == self._identity:
                return
            self._current = self._load()
        except (OSError, ValueError) as error:
            # Loaded again at the next check, changed or not: it may have been half-written.
            problem = f"{type(error).__name__}: {error}"
            if problem != self._problem:
                log.error("files_not_usable", files=self._name, reason=problem)
            self._problem, self._identity = problem, None
        else:
            self._problem, self._identity = None, identity
            log.info("files_reloaded", files=self._name)

    def _identify(self) -> Identity:
        stats = [file.stat() for file in self._files()]
        return tuple((each.st_dev, each.st_ino, each.st_mtime_ns, each.st_size) for each in stats)
