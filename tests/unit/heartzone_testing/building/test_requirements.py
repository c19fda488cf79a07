"""Programs are built for the tests that need them, by one process, and a build that fails is told."""

from pathlib import Path

import platformdirs
import pytest

from heartzone_testing.building.requirements import CONTROL_PLANE, DEFINITIONS, Requirement, requirements_of
from heartzone_testing.checkout import ROOT
from kubernetes_node.go_programs.building import BuildError
from kubernetes_node.go_programs.modules import Say

TESTS = ROOT / "tests"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda _: tmp_path)


@pytest.mark.parametrize(
    ("test", "fixture", "expected"),
    [
        pytest.param("kubernetes/test_a.py", "kubernetes", [CONTROL_PLANE], id="fixture of the folder"),
        pytest.param("chart/test_a.py", "control_plane_programs", [CONTROL_PLANE, DEFINITIONS], id="several"),
        pytest.param("e2e/images/test_a.py", "kubernetes", [], id="another folder's fixture of the same name"),
        pytest.param("kubernetes/test_a.py", "tmp_path", [], id="another fixture"),
    ],
)
def test_a_test_needs_what_its_fixtures_stand_for(test: str, fixture: str, expected: list[Requirement]) -> None:
    assert list(requirements_of(TESTS / test, [fixture], cluster_given=False)) == expected


def test_on_a_cluster_that_runs_already_no_control_plane_is_needed() -> None:
    assert list(requirements_of(TESTS / "kubernetes" / "test_a.py", ["kubernetes"], cluster_given=True)) == []


def test_a_build_that_is_claimed_is_claimed_by_no_other_process_until_it_is_released() -> None:
    requirement = Requirement("program", lambda: False, lambda _: None)
    claim = requirement.claim()
    assert claim is not None
    assert requirement.claim() is None

    claim.release()

    requirement.await_build()
    assert requirement.claim() is not None


def test_a_build_that_fails_is_told_and_left_to_the_tests_that_need_it() -> None:
    def fail(_: Say) -> None:
        raise BuildError("undefined: printline")

    told: list[str] = []
    Requirement("program", lambda: False, fail).build(told.append)

    assert told == ["undefined: printline"]
