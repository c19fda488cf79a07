"""Progress of an installation, and a plain display of it on stderr."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

TERMINAL_INTERVAL_S = 0.2
LOG_INTERVAL_S = 5.0


@dataclass(frozen=True, slots=True)
class DownloadProgress:
    """A distribution on its way; `bytes_expected` grows as the servers name the files' sizes."""

    name: str
    files_done: int
    files_total: int
    bytes_done: int
    bytes_expected: int

    @property
    def finished(self) -> bool:
        """True when every file is here."""
        return self.files_done == self.files_total

    def __str__(self) -> str:
        megabytes = f"{self.bytes_done / 1e6:.0f} of {self.bytes_expected / 1e6:.0f} MB"
        return f"downloading {self.name}: {self.files_done} of {self.files_total} files, {megabytes}"


@dataclass(frozen=True, slots=True)
class PreparationProgress:
    """The AOT cache of a distribution is being made, which takes some seconds, once."""

    name: str
    finished: bool

    def __str__(self) -> str:
        return f"preparing {self.name} for fast starts{': done' if self.finished else ''}"


Progress = Callable[[DownloadProgress | PreparationProgress], None]


def quiet(_: DownloadProgress | PreparationProgress) -> None:
    """Show nothing."""


class StderrProgress:
    """One line that rewrites itself on a terminal; elsewhere (CI logs) a line every few seconds."""

    def __init__(self) -> None:
        self._last = float("-inf")
        self._kind: type[DownloadProgress] | type[PreparationProgress] = DownloadProgress

    def __call__(self, progress: DownloadProgress | PreparationProgress) -> None:
        """Write a line when enough time has passed since the last one, and at the beginning and end of a step."""
        terminal = sys.stderr.isatty()
        now = time.monotonic()
        recent = now - self._last < (TERMINAL_INTERVAL_S if terminal else LOG_INTERVAL_S)
        if recent and not progress.finished and type(progress) is self._kind:
            return
        self._last, self._kind = now, type(progress)
        start, end = ("\r\x1b[K", "") if terminal and not progress.finished else ("", "\n")
        if terminal and progress.finished:
            start = "\r\x1b[K"
        sys.stderr.write(f"{start}{progress}{end}")
        sys.stderr.flush()
