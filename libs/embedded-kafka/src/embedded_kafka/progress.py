"""How far a download is, and the plain way to show it on stderr."""

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
        """Whether every file is here."""
        return self.files_done == self.files_total

    def __str__(self) -> str:
        megabytes = f"{self.bytes_done / 1e6:.0f} of {self.bytes_expected / 1e6:.0f} MB"
        return f"downloading {self.name}: {self.files_done} of {self.files_total} files, {megabytes}"


Progress = Callable[[DownloadProgress], None]


def quiet(_: DownloadProgress) -> None:
    """Show nothing."""


class StderrProgress:
    """One line that rewrites itself on a terminal; elsewhere (CI logs) a line every few seconds."""

    def __init__(self) -> None:
        self._last = float("-inf")

    def __call__(self, progress: DownloadProgress) -> None:
        """Write a line when enough time has passed since the last one, and at the end."""
        terminal = sys.stderr.isatty()
        now = time.monotonic()
        if not progress.finished and now - self._last < (TERMINAL_INTERVAL_S if terminal else LOG_INTERVAL_S):
            return
        self._last = now
        start, end = ("\r\x1b[K", "") if terminal and not progress.finished else ("", "\n")
        if terminal and progress.finished:
            start = "\r\x1b[K"
        sys.stderr.write(f"{start}{progress}{end}")
        sys.stderr.flush()
