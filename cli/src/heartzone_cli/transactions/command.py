"""Options of `heartzone transactions list` and `abort`."""

from pathlib import Path

import click

from heartzone_cli.options import Number, data_dir_option, json_option

_since_option = click.option(
    "--since",
    type=Number(min=0, min_open=True),
    default=60.0,
    show_default=True,
    metavar="MINUTES",
    help="Those that began or changed so long ago; more than `transaction.max.timeout.ms` of the brokers.",
)


@click.group
def transactions() -> None:
    """List the cluster's open transactions, and end one."""


@transactions.command("list", short_help="List open transactions with their age, and who is held up.")
@_since_option
@data_dir_option
@json_option("Print one JSON object a transaction or held partition, one a line.")
def list_(*, since: float, data_dir: Path | None, machine: bool) -> None:
    """List the open transactions of the cluster, the oldest first: age, state, producer id, partitions.

    Then the partitions of the product's topics whose readers wait behind one. Where no coordinator knows of a
    transaction there, it hangs: nobody will end it by itself.

    Exit code 0: no transaction hangs; 1: one does. It takes the right Read on the topic __transaction_state.
    """
    from heartzone_cli.transactions.listing import run_list  # noqa: PLC0415 - imports Kafka's client

    click.get_current_context().exit(run_list(data_dir, since=since * 60, machine=machine))


@transactions.command(short_help="End the open transaction of a transactional id.")
@click.argument("transactional_id")
@_since_option
@click.option("--yes", is_flag=True, help="Do not ask.")
@data_dir_option
@json_option("Print the outcome as one JSON object; it takes --yes.")
def abort(*, transactional_id: str, since: float, yes: bool, data_dir: Path | None, machine: bool) -> None:
    """End the open transaction of TRANSACTIONAL_ID, as a successor of its producer would.

    The id is claimed: the coordinator aborts what is open, or completes a commit that has begun, and fences the
    producer. A zone worker whose producer is fenced goes on with a new one, and processes the records again.

    A transaction that hangs has no coordinator, and cannot be ended by this: `list` says what ends it.

    Exit code 0: it has ended; 1: it was not confirmed; 2: nothing was done. It takes Write on the transactional id.
    """
    from heartzone_cli.transactions.abort import run_abort  # noqa: PLC0415 - as above

    click.get_current_context().exit(run_abort(transactional_id, data_dir, since=since * 60, yes=yes, machine=machine))
