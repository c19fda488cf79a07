"""Helm and the control plane's programs, built once, and the chart as Helm renders it."""

from contextlib import suppress

import pytest

from heartzone_testing.chart.definitions import definitions
from heartzone_testing.chart.rendering import HelmTemplate
from heartzone_testing.control_plane.binaries import Binaries, BinariesMissing, ensure_binaries
from heartzone_testing.go_programs.ahead import build_ahead
from heartzone_testing.go_programs.modules import Say, ensure_program


def _ensure_helm(say: Say) -> object:
    return ensure_program("helm", say)


def _ensure_definitions(_: Say) -> object:
    return definitions()


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    build_ahead(session, "helm", _ensure_helm)
    with suppress(BinariesMissing):  # an error of the tests that need them
        build_ahead(session, "control_plane_programs", ensure_binaries)
    build_ahead(session, "control_plane_programs", _ensure_definitions)


@pytest.fixture(scope="session")
def helm() -> HelmTemplate:
    """``helm(values, …)`` renders, ``helm.lint(…)``, ``helm.notes(…)``."""
    return HelmTemplate(ensure_program("helm", lambda _: None))  # it is there: see above


@pytest.fixture(scope="session")
def control_plane_programs() -> Binaries:
    """etcd, kube-apiserver and kubectl, each by its name."""
    return ensure_binaries(lambda _: None)
