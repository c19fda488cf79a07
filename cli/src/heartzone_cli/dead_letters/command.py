"""Options of `heartzone dead-letters list`, `show`, `replay` and `drop`."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from heartzone_cli.options import Number, data_dir_option, json_option

Command = TypeVar("Command", bound=Callable[..., Any])


class Instant(click.ParamType[datetime]):
    """A time of RFC 3339, or of ISO 8601 without an offset, which is UTC."""

    name = "time"

    def convert(self, value: str | datetime, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return it in UTC."""
        if isinstance(value, datetime):
            return value
        try:
            found = datetime.fromisoformat(value)
            return (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is no time; 2026-11-29T22:00:00Z or 2026-11-29 would be right.", param, ctx)


def selection_options(command: Command) -> Command:
    """Add the options that select dead letters."""
    options = (
        click.option("--reason", "reasons", multiple=True, help="Of this reason; may be given several times."),
        click.option("--from", "since", type=Instant(), help="That became dead letters at this time or later."),
        click.option("--to", "until", type=Instant(), help="That became dead letters before this time."),
        click.option("--partition", "partitions", type=click.IntRange(0), multiple=True, help="In this partition."),
        click.option("--offset", "offsets", type=click.IntRange(0), multiple=True, help="At this offset."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def limit_option(text: str, default: int | None = None) -> Callable[[Command], Command]:
    """Build `--limit`."""
    return click.option("--limit", type=click.IntRange(1), default=default, show_default=default is not None, help=text)


@click.group("dead-letters")
def dead_letters() -> None:
    """List, show, replay and drop what the workers could not process.

    A letter is handled once it is replayed or dropped. Which ones are is kept in Kafka, as committed offsets of the
    group `<HEARTZONE_GROUP_ID>-dead-letters`, so that everybody sees the same, and a letter is replayed once whoever
    does it.
    """


@dead_letters.command("list", short_help="List dead letters, and count them by reason.")
@selection_options
@limit_option("At most so many lines; all are counted.", 100)
@click.option("--handled", "with_handled", is_flag=True, help="Also those that are replayed or dropped already.")
@data_dir_option
@json_option("Print one JSON object a letter, one a line.")
def list_(*, limit: int, with_handled: bool, data_dir: Path | None, machine: bool, **rules: Any) -> None:
    """List dead letters: where they are, when and why they became one, and where they come from.

    Nothing of the payload is printed.
    """
    from heartzone_cli.dead_letters.listing import run_list  # noqa: PLC0415 - imports Kafka's client

    run_list(rules, data_dir, limit=limit, with_handled=with_handled, machine=machine)


@dead_letters.command(short_help="Show dead letters in full, decoded as far as it goes.")
@selection_options
@limit_option("At most so many.", 1)
@data_dir_option
@json_option("Print one JSON object a letter, one a line.")
def show(*, limit: int, data_dir: Path | None, machine: bool, **rules: Any) -> None:
    """Show dead letters with headers and payload, handled ones included.

    The payload may hold heart rates, which are health data.
    """
    from heartzone_cli.dead_letters.listing import run_show  # noqa: PLC0415 - as above

    run_show(rules, data_dir, limit=limit, machine=machine)


@dead_letters.command(short_help="Send dead letters to the topic that they come from, each once.")
@selection_options
@limit_option("At most so many.")
@click.option(
    "--max-replays",
    type=click.IntRange(1),
    default=3,
    show_default=True,
    help="Leave out those that have come back so often.",
)
@click.option("--rate", type=Number(min=0.001), help="At most so many a second.")
@click.option("--dry-run", is_flag=True, help="Count what would be sent, and send nothing.")
@data_dir_option
@json_option("Print the outcome as one JSON object.")
@click.pass_context
def replay(
    ctx: click.Context,
    /,
    *,
    limit: int | None,
    max_replays: int,
    rate: float | None,
    dry_run: bool,
    data_dir: Path | None,
    machine: bool,
    **rules: Any,
) -> None:
    """Send dead letters to the topic that they come from, with their key, value and headers.

    Once whatever made them dead letters is mended. Each is sent once, also when this is killed and started again, or
    runs twice: what is sent and which letters are handled is committed in one transaction. Those that come back are new
    letters, with a count of their replays.

    Exit code 0: all that are selected are sent; 1: some are not; 2: nothing was done.
    """
    from heartzone_cli.dead_letters.replay import run_replay  # noqa: PLC0415 - as above

    ctx.exit(
        run_replay(rules, data_dir, limit=limit, max_replays=max_replays, rate=rate, dry_run=dry_run, machine=machine)
    )


@dead_letters.command(short_help="Give dead letters up.")
@selection_options
@click.option("--all", "everything", is_flag=True, help="All that there are, where no other option selects some.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@data_dir_option
@json_option("Print the outcome as one JSON object; it takes --yes.")
@click.pass_context
def drop(
    ctx: click.Context, /, *, everything: bool, yes: bool, data_dir: Path | None, machine: bool, **rules: Any
) -> None:
    """Give dead letters up: they are neither listed nor replayed any more.

    Kafka deletes records only from the beginning of a partition. So of each partition that is selected everything is
    deleted up to the first letter that is neither replayed nor dropped; what is dropped behind it stays in the topic
    until that one is handled, too, or until the topic's retention.

    Exit code 0: done; 1: half-way; 2: nothing was done.
    """
    from heartzone_cli.dead_letters.drop import run_drop  # noqa: PLC0415 - as above

    ctx.exit(run_drop(rules, data_dir, everything=everything, yes=yes, machine=machine))
