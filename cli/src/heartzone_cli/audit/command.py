"""Options of `heartzone audit`."""

import re
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

import click

from heartzone_cli.options import Number, data_dir_option, json_option

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Time(click.ParamType[datetime]):
    """A time in ISO 8601, without an offset in UTC; or how long ago it is, such as 90m."""

    name = "time"

    def convert(self, value: str | datetime, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return the time."""
        if isinstance(value, datetime):
            return value
        try:
            if ago := re.fullmatch(r"([0-9]+)([smhd])", value):
                return datetime.now(UTC) - timedelta(**{UNITS[ago[2]]: int(ago[1])})
            found = datetime.fromisoformat(value)
        except (ValueError, OverflowError):
            self.fail(
                f"{value!r} is no time; 2026-01-31T12:00:00Z would be right, or how long ago, such as 90m, 2h or 7d.",
                param,
                ctx,
            )
        return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


@click.command
@click.option("--from", "start", type=Time(), metavar="TIME", help="Judge records of the input from this time on.")
@click.option("--to", "stop", type=Time(), metavar="TIME", help="Judge records of the input before this time.")
@click.option(
    "--partition",
    "partitions",
    type=click.IntRange(min=0),
    multiple=True,
    metavar="NUMBER",
    help="Judge this partition of the input only; may be given several times.",
)
@click.option(
    "--transaction-timeout",
    type=Number(min=0, min_open=True),
    metavar="SECONDS",
    help="How long a transaction may be open.  [default: HEARTZONE_TRANSACTION_TIMEOUT, or 10, and 15 for the brokers]",
)
@click.option("--follow", is_flag=True, help="Never end: log findings as they become certain, and export metrics.")
@click.option(
    "--metrics-port",
    type=click.IntRange(0, 65535),
    default=9090,
    show_default=True,
    help="Where --follow serves /metrics, /livez and /readyz; 0 takes a free port.",
)
@data_dir_option
@json_option("Print one JSON object a finding, one a line, and a summary as the last one.")
@click.pass_context
def audit(
    ctx: click.Context,
    *,
    start: datetime | None,
    stop: datetime | None,
    partitions: tuple[int, ...],
    transaction_timeout: float | None,
    follow: bool,
    metrics_port: int,
    data_dir: Path | None,
    machine: bool,
) -> None:
    """Check that each reading has become its zone event exactly once, in order.

    Reads the input, the output and the dead letters, as they are now and committed, without a group; recomputes the
    events by the published rules, and reports each record that is missing, doubled, out of order, or should not be
    there, by partition and offset. What cannot be judged is counted and is no finding: records that the group has not
    processed, and those at an edge of the range whose counterpart is not in the topics.

    Times are those of records, in ISO 8601, or how long ago they were (30s, 90m, 2h, 7d). Set
    HEARTZONE_DEDUPLICATION_WINDOW as the zone workers have it.

    With --follow it begins with what the group processes from now on, or with --from, and logs findings to stderr.

    Exit code 0: no finding; 1: findings; 2: it could not run.
    """
    if follow and (stop is not None or partitions or machine):
        raise click.UsageError("--follow goes with none of --to, --partition and --json.")
    from heartzone_cli.audit.run import run_audit  # noqa: PLC0415 - imports Kafka's client
    from heartzone_cli.audit.scope import Options  # noqa: PLC0415 - as above

    options = Options(start=_milliseconds(start), stop=_milliseconds(stop), partitions=partitions)
    if follow:
        from heartzone_cli.audit.follow import run_follow  # noqa: PLC0415 - as above

        stopped = Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopped.set())
        run_follow(
            options, data_dir, metrics_port=metrics_port, transaction_timeout=transaction_timeout, stopped=stopped
        )
        return
    ctx.exit(run_audit(options, data_dir, machine=machine, transaction_timeout=transaction_timeout))


def _milliseconds(time: datetime | None) -> int | None:
    return None if time is None else int(time.timestamp() * 1000)
