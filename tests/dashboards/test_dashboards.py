"""The dashboards by the rules of Grafana's dashboard-linter, and a few of our own.

https://github.com/grafana/dashboard-linter/tree/main/docs/rules: a name in parentheses is the rule there.
"""

import json
import re
import subprocess
from collections import Counter
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.models import units

from heartzone_testing.prometheus.dashboards import DASHBOARDS, load, panels, queries, substitute
from heartzone_testing.prometheus.programs import program

SELECTOR = re.compile(r"\b((?:heartzone|process)_\w+)(\{[^}]*\})?")
LITERAL_UNITS = {value for name, value in vars(units).items() if isinstance(value, str) and not name.startswith("_")}


@pytest.fixture(params=DASHBOARDS, ids=lambda path: path.stem)
def dashboard(request: pytest.FixtureRequest) -> dict[str, Any]:
    path: Path = request.param
    return load(path)


def variables(dashboard: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in dashboard["templating"]["list"]}


def test_there_are_dashboards() -> None:
    assert "pipeline" in {path.stem for path in DASHBOARDS}


def test_the_schema_is_the_latest_of_classic_dashboards(dashboard: dict[str, Any]) -> None:
    assert dashboard["schemaVersion"] == 42


def test_the_address_stays_the_same_over_installations(dashboard: dict[str, Any]) -> None:
    assert re.fullmatch(r"heartzone-[a-z-]+", dashboard["uid"])
    assert "id" not in dashboard


def test_nobody_edits_what_an_upgrade_would_undo(dashboard: dict[str, Any]) -> None:
    """(uneditable-dashboard)"""
    assert dashboard["editable"] is False


def test_it_links_to_the_others_by_tag_and_takes_the_variables_along(dashboard: dict[str, Any]) -> None:
    (link,) = dashboard["links"]

    assert "heartzone" in dashboard["tags"]
    assert (link["type"], link["tags"]) == ("dashboards", ["heartzone"])
    assert link["includeVars"]
    assert link["keepTime"]


def test_there_is_one_variable_for_the_data_source(dashboard: dict[str, Any]) -> None:
    """(template-datasource-rule)"""
    found = [each for each in variables(dashboard).values() if each["type"] == "datasource"]

    assert [(each["name"], each["label"], each["query"]) for each in found] == [
        ("datasource", "Data source", "prometheus")
    ]


@pytest.mark.parametrize("name", ["namespace", "job", "instance"])
def test_a_variable_chooses_any_number_and_everything(dashboard: dict[str, Any], name: str) -> None:
    """(template-job-rule, template-instance-rule)

    Everything includes what has no namespace, but nothing without a job.
    """
    variable = variables(dashboard)[name]

    assert variable["type"] == "query"
    assert variable["label"] == name.capitalize()
    assert variable["datasource"]["uid"] == "${datasource}"
    assert variable["multi"]
    assert variable["includeAll"]
    assert variable["allValue"] == (".*" if name == "namespace" else ".+")


def test_variables_follow_the_time_that_is_shown(dashboard: dict[str, Any]) -> None:
    """(template-on-time-change-reload-rule)"""
    for variable in variables(dashboard).values():
        assert variable["type"] == "datasource" or variable["refresh"] == 2


def test_variables_ask_for_the_values_of_a_label(dashboard: dict[str, Any]) -> None:
    """(template-label-promql-rule)"""
    for variable in variables(dashboard).values():
        if variable["type"] == "query":
            matched = re.fullmatch(r"label_values\(heartzone_build_info\{(.*)\}, (\w+)\)", variable["query"])
            assert matched is not None, variable["query"]
            assert matched[2] == variable["name"]


def test_every_panel_says_what_it_shows_and_in_which_unit(dashboard: dict[str, Any]) -> None:
    """(panel-title-description-rule, panel-units-rule)"""
    for _row, panel in panels(dashboard):
        assert panel["title"]
        assert re.search(r"^[A-Z`4].*[.]$", panel["description"]), panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"] in LITERAL_UNITS


def test_panels_and_their_queries_use_the_chosen_data_source(dashboard: dict[str, Any]) -> None:
    """(panel-datasource-rule, panel-no-targets-rule)"""
    for _row, panel in panels(dashboard):
        assert panel["targets"], panel["title"]
        for part in (panel, *panel["targets"]):
            assert part["datasource"] == {"type": "prometheus", "uid": "${datasource}"}, panel["title"]


def test_every_selector_heeds_the_variables(dashboard: dict[str, Any]) -> None:
    """(target-job-rule, target-instance-rule)"""
    for query in queries(dashboard):
        found = SELECTOR.findall(query.expression)
        assert found, query
        for metric, matchers in found:
            for name in ("namespace", "job", "instance"):
                assert f'{name}=~"${name}"' in matchers, (metric, query)


def test_rates_follow_the_zoom(dashboard: dict[str, Any]) -> None:
    """(target-rate-interval-rule)"""
    for query in queries(dashboard):
        windows = re.findall(r"\bi?rate\(\w+\{[^}]*\}\[([^\]]*)\]\)", query.expression)
        assert len(windows) == len(re.findall(r"\bi?rate\(", query.expression)), query
        assert set(windows) <= {"$__rate_interval"}, query


def test_counters_are_never_shown_as_they_stand(dashboard: dict[str, Any]) -> None:
    """(target-counter-agg-rule)"""
    for query in queries(dashboard):
        counters = len(re.findall(r"_total\{", query.expression))
        assert len(re.findall(r"\b(?:i?rate|increase)\(\w+_total\{", query.expression)) == counters, query


@pytest.mark.usefixtures("prometheus_programs")
def test_prometheus_understands_every_query(dashboard: dict[str, Any], tmp_path: Path) -> None:
    """(target-promql-rule)"""
    rules = [{"record": f"query:{n}", "expr": substitute(q.expression)} for n, q in enumerate(queries(dashboard))]
    file = tmp_path / "queries.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}), encoding="utf-8")

    checked = subprocess.run([program("promtool"), "check", "rules", file], capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stderr
    assert f"{len(rules)} rules found" in checked.stdout


def test_every_series_has_a_name_for_people(dashboard: dict[str, Any]) -> None:
    for _row, panel in panels(dashboard):
        names = [target["legendFormat"] for target in panel["targets"]]
        assert all(names), panel["title"]
        assert len(set(names)) == len(names), panel["title"]
        for target in panel["targets"]:
            by = re.findall(r"\bby \(([^)]*)\)", target["expr"])
            for label in re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]):
                assert not by or any(label in each.split(", ") for each in by), (panel["title"], label)


def test_ids_are_unique_where_grafana_expects_it(dashboard: dict[str, Any]) -> None:
    assert [each for each, times in Counter(panel["id"] for panel in dashboard["panels"]).items() if times > 1] == []
    for _row, panel in panels(dashboard):
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])


def test_panels_fill_the_width_of_the_page(dashboard: dict[str, Any]) -> None:
    places = sorted((panel["gridPos"] for panel in dashboard["panels"]), key=lambda place: (place["y"], place["x"]))

    for _y, line in groupby(places, key=lambda place: place["y"]):
        at = 0
        for place in line:
            assert place["x"] == at
            at += place["w"]
        assert at == 24


def test_a_dashboard_fits_a_config_map() -> None:
    """Kubernetes takes 1 MiB of all data of one; Helm stores every one in its release's secret as well."""
    assert all(len(json.dumps(load(path))) < 200_000 for path in DASHBOARDS)
