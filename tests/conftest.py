"""Command-line options of the test run; pytest reads them before it knows which folders hold tests."""

from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--kubeconfig",
        type=Path,
        metavar="FILE",
        help="run tests/kubernetes on the cluster of this file's current context, as its administrator; "
        "default: a control plane of their own, built once from source (or that of KUBEBUILDER_ASSETS)",
    )
