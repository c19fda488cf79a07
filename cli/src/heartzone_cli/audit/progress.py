"""Progress of an audit on a terminal: records, their rate, and the time that is left."""

from time import monotonic

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

INTERVAL = 0.2


class TerminalProgress:
    """Draws on stderr, and removes it at the end. A context manager."""

    def __init__(self) -> None:
        self._bar = Progress(
            TextColumn("comparing"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[rate]:,.0f} records/s, {task.fields[findings]} findings"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task("", rate=0.0, findings=0)
        self._began = self._drawn = monotonic()

    def __enter__(self) -> "TerminalProgress":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def show(self, done: int, total: int, findings: int) -> None:
        """Draw, unless it was done a moment ago."""
        now = monotonic()
        if now - self._drawn < INTERVAL:
            return
        self._drawn = now
        rate = done / max(now - self._began, 0.001)
        self._bar.update(self._task, completed=done, total=total, rate=rate, findings=findings)
