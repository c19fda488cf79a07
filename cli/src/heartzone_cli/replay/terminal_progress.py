"""Progress of a replay as bars on a terminal."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


class TerminalProgress:
    """Draws on stderr; what it drew is gone at the end of each phase."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("samples"),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
        )
        self._task = self._bar.add_task("sending")

    @contextmanager
    def sending(self, total: int) -> Iterator[None]:
        """Show how many of `total` samples are sent, while the block lasts."""
        self._bar.update(self._task, total=total)
        with self._bar:
            yield

    def advance(self, samples: int) -> None:
        """Count samples that were sent."""
        self._bar.advance(self._task, samples)

    def notify(self, text: str) -> None:
        """Print a line above the bar."""
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    @contextmanager
    def waiting(self, text: str) -> Iterator[None]:
        """Show what is waited for, while the block lasts."""
        with self._console.status(text):
            yield
