"""The error with which every subcommand ends when it cannot run."""

import click


class CannotRunError(click.ClickException):
    """A command cannot start: one sentence with what to change. Nothing was sent or changed; exit code 2."""

    exit_code = 2
