"""Progress of a replay on stderr: bars on a terminal, messages only elsewhere."""

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

import click


class Progress(Protocol):
    """Shows the two phases of a replay. `advance` and `notify` may be called from any thread."""

    def sending(self, total: int) -> AbstractContextManager[None]:
        """Show how many of `total` samples are sent, while the block lasts."""

    def advance(self, samples: int) -> None:
        """Count samples that were sent."""

    def notify(self, text: str) -> None:
        """Print a line, above what is shown."""

    def waiting(self, text: str) -> AbstractContextManager[None]:
        """Show what is waited for, while the block lasts."""


class PlainProgress:
    """Prints notifications, and nothing else."""

    @contextmanager
    def sending(self, total: int) -> Iterator[None]:  # noqa: ARG002 - of the protocol
        """Show nothing."""
        yield

    def advance(self, samples: int) -> None:
        """Show nothing."""

    def notify(self, text: str) -> None:
        """Print a line."""
        click.echo(text, err=True)

    @contextmanager
    def waiting(self, text: str) -> Iterator[None]:  # noqa: ARG002 - of the protocol
        """Show nothing."""
        yield


def progress_on_stderr() -> Progress:
    """Choose by what stderr is."""
    if not sys.stderr.isatty():
        return PlainProgress()
    from heartzone_cli.replay.terminal_progress import TerminalProgress  # noqa: PLC0415 - imports rich

    return TerminalProgress()
