"""Output of `up`: sentences for people, or one JSON object a line for programs."""

import os
import sys
import threading
from typing import Any

import click

from heartzone_cli.output import json_line


class Output:
    """Prints to stdout, or nowhere once that is closed: a closed terminal must not keep anything from stopping.

    With `machine`, stdout has events only: ``{"type": "starting"|"ready"|…, …}``, one a line.
    """

    def __init__(self, *, machine: bool = False) -> None:
        self.machine = machine
        self._mutex = threading.Lock()

    def event(self, kind: str, *lines: str, **fields: Any) -> None:
        """Print an event: the lines for people, kind and fields for programs."""
        if self.machine:
            lines = (json_line({"type": kind, **fields}),)
        self._write("".join(f"{line}\n" for line in lines))

    def error(self, sentence: str) -> None:
        """Print an error to stderr, and as an event on stdout for programs."""
        self._write(f"Error: {sentence}\n", err=True)
        if self.machine:
            self.event("failed", reason=sentence)

    def rewrite(self, text: str) -> None:
        """Print over the current line of a terminal."""
        self._write(f"\r\x1b[K{text}")

    def _write(self, text: str, *, err: bool = False) -> None:
        stream = sys.stderr if err else sys.stdout
        with self._mutex:
            try:
                click.echo(text, nl=False, err=err)
                stream.flush()
            except OSError:
                # The rest of the buffer would end the process with an error when it is flushed at exit.
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
