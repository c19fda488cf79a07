"""The queries of a dashboard, with values in place of its variables: as Grafana would send them to Prometheus."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from heartzone_testing.checkout import DASHBOARDS_FOLDER

DASHBOARDS = sorted(DASHBOARDS_FOLDER.glob("*.json"))

# What Grafana puts in when everything is chosen, and for a scrape every second or so.
EVERYTHING: Mapping[str, str] = {
    "namespace": ".*",
    "job": ".+",
    "instance": ".+",
    "__rate_interval": "1m",
    "__range": "5m",
}


class PanelQuery(NamedTuple):
    """One query of one panel."""

    row: str
    panel: str
    expression: str

    def __str__(self) -> str:
        return f"{self.row} / {self.panel}: {self.expression}"


def load(path: Path) -> dict[str, Any]:
    """A dashboard's document."""
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def panels(dashboard: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every panel that shows data, after the title of its row."""
    row = ""
    for panel in dashboard["panels"]:
        if panel["type"] == "row":
            row = panel["title"]
        else:
            yield row, panel


def queries(dashboard: Mapping[str, Any]) -> Sequence[PanelQuery]:
    """Every query, as it is written."""
    return [
        PanelQuery(row, panel["title"], target["expr"])
        for row, panel in panels(dashboard)
        for target in panel["targets"]
    ]


def substitute(expression: str, variables: Mapping[str, str] = EVERYTHING) -> str:
    """An expression without variables. Raises KeyError for one that has no value."""
    return re.sub(r"\$(\w+)", lambda found: variables[found[1]], expression)
