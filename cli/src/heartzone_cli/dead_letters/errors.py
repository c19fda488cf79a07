"""The error with which a command ends half-way."""

import click


class NotDoneError(click.ClickException):
    """Not everything was done: one sentence with the reason. What was done is kept in Kafka; exit code 1."""

    exit_code = 1
