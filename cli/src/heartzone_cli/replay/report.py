"""What `heartzone replay` prints at its end: a table with bars for people, one JSON object a line for programs."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from rich.console import Console
from rich.table import Table

from heartzone_cli.replay.sending import Outcome
from heartzone_cli.replay.tally import Tally

BAR_WIDTH = 30
ZONE_STYLES = ("dim", "blue", "green", "yellow", "dark_orange", "red")
SHOWN_REFUSALS = 3


@dataclass(frozen=True)
class ZoneLine:
    """One line of the chart; zone 0 is "no zone"."""

    zone: int
    samples: int
    minutes: float


@dataclass(frozen=True)
class Report:
    """All figures of one replay. `zones` is empty when the output topic was not read; `failure` then says why."""

    outcomes: Sequence[Outcome]
    zones: Sequence[ZoneLine] = ()
    missing: int = 0
    unexpected: int = 0
    unreadable: int = 0
    failure: str | None = None
    interrupted: bool = False

    @property
    def sent(self) -> int:
        """Samples that the API answered for."""
        return sum(outcome.sent for outcome in self.outcomes)

    @property
    def accepted(self) -> int:
        """Samples that the API accepted."""
        return sum(outcome.accepted for outcome in self.outcomes)

    @property
    def refused(self) -> int:
        """Samples that the API refused."""
        return sum(outcome.refused for outcome in self.outcomes)

    @property
    def complete(self) -> bool:
        """Whether everything that was sent was accepted, and worked off by the zone workers."""
        return not self.refused and not self.missing and bool(self.zones)


def zone_lines(outcomes: Sequence[Outcome], tally: Tally, *, missing: int) -> list[ZoneLine]:
    """Bring the output topic's figures into lines, zone 0 first.

    A reading below zone 1 yields no message. Its line is what the accepted samples leave over, and is left out
    while samples are missing, because nobody can tell the two apart.
    """
    lines = [
        ZoneLine(zone, tally.samples[zone], tally.seconds[zone] / 60)
        for zone in sorted({1, 2, 3, 4, 5, *tally.samples})
    ]
    if missing:
        return lines
    samples = sum(outcome.accepted for outcome in outcomes) - sum(tally.samples.values())
    seconds = sum(outcome.accepted_seconds for outcome in outcomes) - sum(tally.seconds.values())
    return [ZoneLine(0, samples, max(0.0, seconds / 60)), *lines]


def as_json(report: Report) -> Iterator[str]:
    """Yield a line for each recording, one for each zone, and the totals."""
    for outcome in report.outcomes:
        yield _line(
            "recording",
            file=str(outcome.workout.path),
            device_id=outcome.workout.device_id,
            max_heart_rate=outcome.workout.max_heart_rate,
            samples=len(outcome.workout.readings),
            sent=outcome.sent,
            accepted=outcome.accepted,
            refused=outcome.refused,
        )
    for line in report.zones:
        yield _line("zone", zone=line.zone, samples=line.samples, minutes=round(line.minutes, 3))
    yield _line(
        "total",
        sent=report.sent,
        accepted=report.accepted,
        refused=report.refused,
        missing=report.missing,
        unexpected=report.unexpected,
        unreadable=report.unreadable,
        complete=report.complete,
        failure=report.failure,
    )


def show(report: Report, console: Console) -> None:
    """Print the figures for people."""
    say = partial(console.print, highlight=False, markup=False, soft_wrap=True)
    for outcome in report.outcomes:
        say(f"{outcome.workout.path.name}: device {outcome.workout.device_id}")
    say(f"{report.sent} samples sent, {report.accepted} accepted, {report.refused} refused.")
    for reason in _refusals(report):
        say(f"  refused: {reason}")
    if report.zones:
        console.print(_chart(report.zones))
    if report.missing:
        say(f"{report.missing} accepted samples have not come out of the zone workers yet: are they running?")
    if report.unexpected:
        say(
            f"{report.unexpected} messages of these devices do not belong to this replay "
            "(an earlier one still being worked off, or a request that was sent twice)."
        )
    if report.unreadable:
        say(f"{report.unreadable} messages could not be read.")


def _refusals(report: Report) -> list[str]:
    reasons = [reason for outcome in report.outcomes for reason in outcome.refusals]
    return list(dict.fromkeys(reasons))[:SHOWN_REFUSALS]


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


def _line(kind: str, **fields: Any) -> str:
    return json.dumps({"type": kind, **fields}, ensure_ascii=False)
