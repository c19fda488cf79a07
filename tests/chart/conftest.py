"""Helm, built once, and the chart as it renders it."""

import pytest

from chart.rendering import HelmTemplate
from go_programs.ahead import build_ahead
from go_programs.modules import Say, ensure_program


def _ensure_helm(say: Say) -> object:
    return ensure_program("helm", say)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    build_ahead(session, "helm", _ensure_helm)


@pytest.fixture(scope="session")
def helm() -> HelmTemplate:
    """``helm(values, …)`` renders, ``helm.lint(…)``, ``helm.notes(…)``."""
    return HelmTemplate(ensure_program("helm", lambda _: None))  # it is there: see above
