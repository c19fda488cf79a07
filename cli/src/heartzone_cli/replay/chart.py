"""The figures of a replay for people: sentences, and minutes per zone as a bar chart."""

from collections.abc import Sequence
from functools import partial

from rich.console import Console
from rich.table import Table

from heartzone_cli.replay.report import Report, ZoneLine

BAR_WIDTH = 30
ZONE_STYLES = ("dim", "blue", "green", "yellow", "dark_orange", "red")
MAX_REASONS = 3


def show(report: Report) -> None:
    """Print the figures."""
    console = Console(highlight=False)
    say = partial(console.print, highlight=False, markup=False, soft_wrap=True)
    for outcome in report.outcomes:
        say(f"{outcome.workout.path.name}: device {outcome.workout.device_id}")
    if report.left_out:
        say(f"{report.left_out} samples cannot be used and are left out.")
    say(f"{report.sent} samples sent, {report.accepted} accepted, {report.rejected} rejected.")
    for reason in _reasons(report):
        say(f"  rejected: {reason}")
    if report.zones:
        console.print(_chart(report.zones))
    if report.missing:
        say(f"{report.missing} accepted samples have not come out of the zone workers yet: are they running?")
    if report.unexpected:
        say(
            f"{report.unexpected} messages of these devices do not belong to this replay "
            "(an earlier one that is still being processed, or a request that was sent twice)."
        )
    if report.invalid:
        say(f"{report.invalid} records are invalid.")


def _reasons(report: Report) -> list[str]:
    reasons = [reason for outcome in report.outcomes for reason in outcome.rejections]
    return list(dict.fromkeys(reasons))[:MAX_REASONS]


def _chart(lines: Sequence[ZoneLine]) -> Table:
    longest = max((line.minutes for line in lines), default=0.0)
    table = Table(box=None, pad_edge=False)
    table.add_column("zone")
    table.add_column("samples", justify="right")
    table.add_column("minutes", justify="right")
    table.add_column("")
    for line in lines:
        width = round(line.minutes / longest * BAR_WIDTH) if longest else 0
        style = ZONE_STYLES[line.zone] if line.zone < len(ZONE_STYLES) else ""
        table.add_row(
            f"Zone{line.zone}" if line.zone else "none",
            str(line.samples),
            f"{line.minutes:.1f}",
            "█" * width if width or not line.samples else "▏",
            style=style,
        )
    return table
