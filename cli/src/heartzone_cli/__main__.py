"""Entry point of the `heartzone` command (`python -m heartzone_cli` is the same)."""

import contextlib
import errno
import os
import sys

import click

from heartzone_cli.cli import heartzone

OUTPUT_FAILED = 1
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}  # what writing ends with; a closed pipe is click's


def main() -> None:
    """Run the command line and end the process with its exit code."""
    try:
        heartzone(prog_name="heartzone")
    except OSError as error:
        if error.filename is not None or error.errno not in NO_ROOM:
            raise
        # The interpreter would try once more at its end, and complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        with contextlib.suppress(OSError):
            click.echo(f"Error: What there is to say cannot be written ({error.strerror}).", err=True)
        sys.exit(OUTPUT_FAILED)


if __name__ == "__main__":
    main()
