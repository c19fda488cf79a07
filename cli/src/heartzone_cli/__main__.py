"""Entry point of the `heartzone` command (`python -m heartzone_cli` is the same)."""

import contextlib
import errno
import os
import sys

import click

from heartzone_cli.root import heartzone

OUTPUT_FAILED = 1
WRITE_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}  # a closed pipe is handled by click


def main() -> None:
    """Run the command line and end the process with its exit code."""
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


if __name__ == "__main__":
    main()
