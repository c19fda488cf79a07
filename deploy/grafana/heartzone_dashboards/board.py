"""The common frame of our dashboards: variables, links, time, and rows of numbered panels."""

import json
from collections.abc import Sequence
from itertools import count

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as models

from heartzone_dashboards.panels import DATASOURCE, Panel

TAG = "heartzone"


def board(uid: str, title: str, description: str, rows: Sequence[tuple[str, Sequence[Panel]]]) -> dashboard.Dashboard:
    """A dashboard that nobody edits in Grafana, because the next upgrade of the chart would undo it.

    Args:
        uid: its permanent address.
        rows: titles, each with its panels from left to right.
    """
    built = (
        dashboard.Dashboard(title)
        .uid(uid)
        .description(description)
        .tags([TAG])
        .readonly()
        .timezone("browser")
        .time("now-1h", "now")
        .refresh("30s")
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .link(
            dashboard.DashboardLink(TAG)
            .type(models.DashboardLinkType.DASHBOARDS)
            .tags([TAG])
            .as_dropdown(True)
            .include_vars(True)
            .keep_time(True)
        )
        .with_variable(dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus"))
        .with_variable(_variable("namespace", all_value=".*"))
        .with_variable(_variable("job", 'namespace=~"$namespace"'))
        .with_variable(_variable("instance", 'namespace=~"$namespace", job=~"$job"'))
    )
    ids = count(1)
    for row, panels in rows:
        built.with_row(dashboard.Row(row).id(next(ids)))
        for panel in panels:
            built.with_panel(panel.id(next(ids)))
    return built


def text(built: dashboard.Dashboard) -> str:
    """The dashboard as a file."""
    return json.dumps(built.build(), cls=JSONEncoder, indent=2) + "\n"


def _variable(label: str, *matchers: str, all_value: str = ".+") -> dashboard.QueryVariable:
    everything = models.VariableOption(selected=True, text=["All"], value=["$__all"])
    return (
        dashboard.QueryVariable(label)
        .label(label.capitalize())
        .datasource(DATASOURCE)
        .query(f"label_values(heartzone_build_info{{{', '.join(matchers)}}}, {label})")
        .multi(True)
        .include_all(True)
        .all_value(all_value)
        .current(everything)
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.ALPHABETICAL_ASC)
    )
