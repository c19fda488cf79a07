"""The figures of a replay, and their form for programs. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from heartzone_cli.output import json_line
from heartzone_cli.replay.outcome import Outcome
from heartzone_cli.replay.tally import Tally


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
    invalid: int = 0
    failure: str | None = None
    interrupted: bool = False

    @property
    def sent(self) -> int:
        """Samples for which the API responded."""
        return sum(outcome.sent for outcome in self.outcomes)

    @property
    def accepted(self) -> int:
        """Samples that the API accepted."""
        return sum(outcome.accepted for outcome in self.outcomes)

    @property
    def rejected(self) -> int:
        """Samples that the API rejected."""
        return sum(outcome.rejected for outcome in self.outcomes)

    @property
    def left_out(self) -> int:
        """Samples that cannot be used."""
        return sum(outcome.workout.left_out for outcome in self.outcomes)

    @property
    def complete(self) -> bool:
        """Whether every sample of the recordings was sent, accepted, and processed by the zone workers."""
        return not self.left_out and not self.rejected and not self.missing and bool(self.zones)

    def json_lines(self) -> Iterator[str]:
        """Yield one JSON object for each recording, one for each zone, and the totals.

        Their keys are a contract: `refused` counts rejected samples, `unreadable` invalid records.
        """
        for outcome in self.outcomes:
            yield json_line(
                {
                    "type": "recording",
                    "file": str(outcome.workout.path),
                    "device_id": outcome.workout.device_id,
                    "max_heart_rate": outcome.workout.max_heart_rate,
                    "samples": len(outcome.workout.readings),
                    "left_out": outcome.workout.left_out,
                    "sent": outcome.sent,
                    "accepted": outcome.accepted,
                    "refused": outcome.rejected,
                }
            )
        for line in self.zones:
            minutes = round(line.minutes, 3)
            yield json_line({"type": "zone", "zone": line.zone, "samples": line.samples, "minutes": minutes})
        yield json_line(
            {
                "type": "total",
                "left_out": self.left_out,
                "sent": self.sent,
                "accepted": self.accepted,
                "refused": self.rejected,
                "missing": self.missing,
                "unexpected": self.unexpected,
                "unreadable": self.invalid,
                "complete": self.complete,
                "failure": self.failure,
            }
        )


def zone_lines(outcomes: Sequence[Outcome], tally: Tally, *, missing: int) -> list[ZoneLine]:
    """Return the lines of the chart from the output topic's figures, zone 0 first.

    A reading below zone 1 yields no zone event. Its line is the accepted samples that remain, and is left out
    while samples are missing, because the two cannot be told apart.
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
