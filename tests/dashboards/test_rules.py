"""The rules for Prometheus: promtool, cases for every alert, and the annotations of alerts."""

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from heartzone_testing.checkout import ROOT, RULES
from heartzone_testing.prometheus.programs import program
from heartzone_testing.prometheus.rules import ALERTS

CASES = Path(__file__).parent / "rules"
RUNBOOKS = ROOT / "docs" / "runbooks"
NAMES = [alert["alert"] for alert in ALERTS]

pytestmark = pytest.mark.usefixtures("prometheus_programs")


def promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([program("promtool"), *arguments], capture_output=True, text=True, check=False)


def expectations(name: str) -> Sequence[list[Any]]:
    """What the cases of an alert expect: alerts, or none."""
    cases = yaml.safe_load((CASES / f"{name}.yaml").read_text(encoding="utf-8"))
    return [
        expected["exp_alerts"]
        for case in cases["tests"]
        for expected in case.get("alert_rule_test", [])
        if expected["alertname"] == name
    ]


def test_promtool_finds_nothing_wrong_with_the_rules() -> None:
    checked = promtool("check", "rules", "--lint=all", "--lint-fatal", RULES)

    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("name", NAMES)
def test_an_alert_fires_and_keeps_silent_as_its_cases_say(name: str) -> None:
    tested = promtool("test", "rules", CASES / f"{name}.yaml")

    assert tested.returncode == 0, tested.stdout + tested.stderr


@pytest.mark.parametrize("name", NAMES)
def test_the_cases_of_an_alert_show_when_it_fires_and_when_it_does_not(name: str) -> None:
    fires = [bool(alerts) for alerts in expectations(name)]

    assert any(fires)
    assert not all(fires)


@pytest.mark.parametrize("alert", ALERTS, ids=NAMES)
def test_an_alert_has_a_severity_a_summary_a_description_and_a_runbook(alert: dict[str, Any]) -> None:
    annotations = alert["annotations"]

    assert re.fullmatch(r"Heartzone([A-Z][a-z]+)+", alert["alert"])
    assert alert["labels"]["severity"] in ("critical", "warning")
    assert re.fullmatch(r"[A-Z][^{}]*\.", annotations["summary"]), "a sentence that groups alerts: without values"
    assert re.search(r"\{\{ \$(value|labels)", annotations["description"])
    assert annotations["description"].endswith(".")
    assert annotations["runbook_url"] == f"https://heartzone.dev/runbooks/{alert['alert']}"


@pytest.mark.parametrize("name", NAMES)
def test_the_runbook_of_an_alert_has_its_meaning_causes_and_remedies(name: str) -> None:
    page = (RUNBOOKS / f"{name}.md").read_text(encoding="utf-8")

    assert page.startswith(f"# {name}\n")
    assert re.findall(r"^## (.*)$", page, re.MULTILINE) == ["Meaning", "Look first", "Causes and remedies"]


def test_nothing_is_left_of_alerts_that_are_gone() -> None:
    assert {page.stem for page in RUNBOOKS.glob("*.md")} - {"README"} == set(NAMES)
    assert {cases.stem for cases in CASES.iterdir()} == set(NAMES)


def test_the_list_of_pages_is_complete() -> None:
    listed = re.findall(r"\]\((\w+)\.md\)", (RUNBOOKS / "README.md").read_text(encoding="utf-8"))

    assert listed == NAMES
