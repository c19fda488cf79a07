"""Printing of an audit: a line for each finding as it is found, then the summary."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import click

from heartzone_cli.audit.findings import Finding, Found, Unjudged
from heartzone_cli.output import json_line


@dataclass
class Report:
    """Prints as people read it, or for a machine; `findings` counts."""

    machine: bool
    findings: Counter[Finding] = field(default_factory=Counter)

    def tell(self, found: Found) -> None:
        """Print a finding."""
        self.findings[found.finding] += 1
        click.echo(json_line(found.fields()) if self.machine else str(found))

    def notify(self, text: str) -> None:
        """Print a remark, on stderr."""
        click.echo(text, err=True)

    def end(self, counts: Mapping[str, int], unjudged: Mapping[Unjudged, int], seconds: float) -> None:
        """Print the summary."""
        left = {each: unjudged.get(each, 0) for each in Unjudged if unjudged.get(each)}
        if self.machine:
            summary = {
                "findings": {each: self.findings[each] for each in Finding},
                "unjudged": {each: unjudged.get(each, 0) for each in Unjudged},
                **counts,
                "seconds": round(seconds, 3),
            }
            click.echo(json_line({"summary": summary}))
            return
        for finding, number in self.findings.items():
            click.echo(f"{number} {finding}: {finding.meaning}")
        for reason, number in left.items():
            click.echo(f"Not judged, {number} {reason}: {reason.meaning}")
        inputs, events = counts.get("readings", 0), counts.get("events", 0)
        duplicates, letters = counts.get("duplicates", 0), counts.get("dead_letters", 0)
        total = self.findings.total()
        rate = (inputs + events) / max(seconds, 0.001)
        click.echo(
            f"Compared {inputs} records of the input, {duplicates} of them duplicates and {letters} dead letters, with"
            f" {events} zone events: {total or 'no'} finding{'' if total <= 1 else 's'} ({seconds:.1f} s,"
            f" {rate:,.0f} records/s)."
        )
