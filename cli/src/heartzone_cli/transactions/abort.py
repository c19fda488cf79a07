"""`heartzone transactions abort`."""

from pathlib import Path
from time import time

import click
from confluent_kafka import KafkaError, KafkaException, Producer

from heartzone_cli.cluster.connection import Cluster, find_up, read_cluster
from heartzone_cli.errors import CannotRunError
from heartzone_cli.output import json_line
from heartzone_cli.transactions.coordinators import read_open
from heartzone_cli.transactions.listing import described, fields
from heartzone_cli.transactions.state_record import Transaction

CLAIM_TIMEOUT = 30.0  # seconds

# Exit codes
DONE = 0
UNCONFIRMED = 1
NOT_CONFIRMED = 2


def run_abort(transactional_id: str, data_dir: Path | None, *, since: float, yes: bool, machine: bool) -> int:
    """End it, print the outcome and return the exit code. Raises CannotRunError."""
    if machine and not yes:
        raise CannotRunError("With --json nobody is asked: add --yes.")
    cluster = read_cluster(find_up(data_dir))
    found = _find(cluster, transactional_id, since)
    if found is None:
        # To claim an id that nobody uses would only make one.
        raise CannotRunError(
            f"There is no open transaction of {transactional_id!r}; `heartzone transactions list` shows those that"
            " there are."
        )
    if not yes and not click.confirm(f"{described(found, time())}. End it, and fence its producer?", err=True):
        click.echo("Nothing was done.", err=True)
        return NOT_CONFIRMED
    _claim(cluster, transactional_id)
    left = _find(cluster, transactional_id, since)
    ended = left is None or left.started != found.started
    if machine:
        click.echo(json_line({**fields(found, time()), "ended": ended}))
    elif ended:
        click.echo(f"The transaction of {transactional_id} has ended, and its producer is fenced.")
    else:
        click.echo(f"The coordinator has not shown the end of it: {described(found, time())}.")
    return DONE if ended else UNCONFIRMED


def _find(cluster: Cluster, transactional_id: str, since: float) -> Transaction | None:
    known = read_open(cluster, since=since)
    return next((each for each in known.open if each.transactional_id == transactional_id), None)


def _claim(cluster: Cluster, transactional_id: str) -> None:
    """Claim the id as a successor does; it returns once what was open has ended. Raises CannotRunError."""
    try:
        successor = Producer(
            {
                **cluster.producer,
                "transactional.id": transactional_id,
                "log_level": 0,
                "error_cb": lambda _: None,
            }
        )
        successor.init_transactions(CLAIM_TIMEOUT)
    except KafkaException as error:
        reason: KafkaError = error.args[0]
        right = ""
        if reason.code() == KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
            right = f"; this user lacks Write on the transactional id {transactional_id}"
        raise CannotRunError(f"The transactional id cannot be claimed: {reason.str()}{right}.") from error
