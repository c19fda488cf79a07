"""Settings of the whole test run: its command line, hypothesis's profile, tests that are left out by default."""

import argparse
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["heartzone_testing.building.plugin"]

settings.register_profile(
    "heartzone",
    deadline=None,  # like the check `too_slow`, it measures how busy the machine is
    suppress_health_check=[
        HealthCheck.too_slow,
        # Properties of a running server or of files: its start, or the folder, is shared by all examples on purpose.
        HealthCheck.function_scoped_fixture,
    ],
)
settings.load_profile("heartzone")

# A shell that runs `make test &` without job control has its children ignore Ctrl-C, and so would what tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

E2E = Path(__file__).parent / "e2e"
BY_NAME_ONLY = (E2E / "cluster", E2E / "images")  # `make e2e`


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--kubeconfig",
        type=Path,
        metavar="FILE",
        help="run tests/kubernetes and tests/e2e/cluster on the cluster of this file's current context, as its "
        "administrator; default: one of their own, built once from source (or tests/kubernetes on KUBEBUILDER_ASSETS)",
    )
    parser.addoption(
        "--image-loader",
        metavar="COMMAND",
        help="how the archive {} gets to the nodes of --kubeconfig: 'kind load image-archive {} --name NAME'",
    )
    parser.addoption(
        "--rollouts",
        type=int,
        default=2,
        metavar="N",
        help="how many upgrades under load tests/e2e/cluster/release does one after the other, 2 at least; default: 2",
    )
    # Given by `make e2e`: see heartzone_testing.e2e.
    parser.addoption("--node-directory", type=Path, help=argparse.SUPPRESS)
    parser.addoption("--image-archives", type=Path, help=argparse.SUPPRESS)


@pytest.fixture(scope="session")
def prometheus_programs() -> None:
    """Prometheus and promtool are built. For tests that run them by `prometheus.programs`."""


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out tests that need a node or images, unless they are selected by name."""
    if collection_path not in BY_NAME_ONLY:
        return None
    return not any(Path(argument).resolve().is_relative_to(collection_path) for argument in config.args)
