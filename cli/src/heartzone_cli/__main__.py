"""Entry point of the `heartzone` command (`python -m heartzone_cli` is the same)."""

import contextlib
import errno
import os
import signal
import sys

import click

from heartzone_cli.root import heartzone

OUTPUT_FAILED = 1
TERMINATED = 128 + signal.SIGTERM  # as a shell reports it
WRITE_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}  # a closed pipe is handled by click


def main() -> None:
    """Run the command line and end the process with its exit code."""
    if os.getpid() == 1:
        _be_the_first_process()
    try:
        heartzone(prog_name="heartzone")
    except OSError as error:
        if error.filename is not None or error.errno not in WRITE_ERRORS:
            raise
        # The interpreter flushes stdout again at its end, and would print a second error.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        with contextlib.suppress(OSError):
            click.echo(f"Error: The output cannot be written ({error.strerror}).", err=True)
        sys.exit(OUTPUT_FAILED)


def _be_the_first_process() -> None:
    """Let SIGTERM end the command in a container, too, where the kernel delivers no signal that has no handler.

    Both are blocked until here, so that none is lost: see its Dockerfile.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM, signal.SIGINT})


if __name__ == "__main__":
    main()
