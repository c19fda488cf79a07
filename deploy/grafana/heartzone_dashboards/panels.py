"""The two kinds of panels: lines over time, and one figure; each with what dashboards of ours always have."""

from typing import NamedTuple, TypeAlias

from grafana_foundation_sdk.builders import common, prometheus, stat, timeseries
from grafana_foundation_sdk.models import common as common_models

DATASOURCE = common_models.DataSourceRef(type_val="prometheus", uid="${datasource}")
HEIGHT = 8
FIGURE_HEIGHT = 4


class Query(NamedTuple):
    """PromQL, and the name of each of its series: ``{{reason}}``."""

    expression: str
    legend: str


Panel: TypeAlias = timeseries.Panel | stat.Panel


def lines(
    title: str, description: str, *queries: Query, unit: str, width: int = 8, stacked: bool = False
) -> timeseries.Panel:
    """Lines over time, or areas one upon the other where the sum means something.

    Args:
        unit: one of Grafana's: ``s``, ``cps`` (a second), ``short`` (a number), ``bytes`` ….
        width: of 24.
    """
    legend = (
        common.VizLegendOptions()
        .show_legend(True)
        .display_mode(common_models.LegendDisplayMode.LIST)
        .placement(common_models.LegendPlacement.BOTTOM)
    )
    tooltip = (
        common.VizTooltipOptions().mode(common_models.TooltipDisplayMode.MULTI).sort(common_models.SortOrder.DESCENDING)
    )
    panel = (
        timeseries.Panel()
        .title(title)
        .description(description)
        .datasource(DATASOURCE)
        .unit(unit)
        .min(0)
        .height(HEIGHT)
        .span(width)
        .legend(legend)
        .tooltip(tooltip)
        .fill_opacity(25 if stacked else 0)
        .targets([_target(index, query).range() for index, query in enumerate(queries)])
    )
    if stacked:
        panel.stacking(common.StackingConfig().mode(common_models.StackingMode.NORMAL))
    return panel


def figure(title: str, description: str, expression: str, *, unit: str, width: int = 4) -> stat.Panel:
    """One figure as it is now, its course behind it."""
    return (
        stat.Panel()
        .title(title)
        .description(description)
        .datasource(DATASOURCE)
        .unit(unit)
        .min(0)
        .height(FIGURE_HEIGHT)
        .span(width)
        .color_mode(common_models.BigValueColorMode.NONE)
        .graph_mode(common_models.BigValueGraphMode.AREA)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .targets([_target(0, Query(expression, title)).range()])
    )


def _target(index: int, query: Query) -> prometheus.Dataquery:
    return (
        prometheus.Dataquery()
        .datasource(DATASOURCE)
        .expr(query.expression)
        .legend_format(query.legend)
        .ref_id(chr(ord("A") + index))
    )
