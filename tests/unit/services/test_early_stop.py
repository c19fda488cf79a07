"""SIGTERM while a service still starts."""

import subprocess
import sys
from pathlib import Path

import pytest

from heartzone_testing.services.environment import environment
from heartzone_testing.services.self_signal import FOLDER, MOMENTS

SERVICES = ("heartzone_producer", "heartzone_zone_worker", "heartzone_operator")
KUBECONFIG = """\
apiVersion: v1
kind: Config
current-context: nowhere
clusters: [{name: nowhere, cluster: {server: "http://127.0.0.1:1"}}]
contexts: [{name: nowhere, context: {cluster: nowhere, user: nobody, namespace: default}}]
users: [{name: nobody, user: {token: none}}]
"""


def start(module: str, moment: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    (folder / "kubeconfig").write_text(KUBECONFIG)
    settings = {
        "HEARTZONE_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "HEARTZONE_SCHEMA_REGISTRY_URL": "http://127.0.0.1:1",
        "HEARTZONE_HTTP_PORT": "0",
        "HEARTZONE_MANAGEMENT_PORT": "0",
        "KUBECONFIG": str(folder / "kubeconfig"),
        "PYTHONPATH": str(FOLDER),
        "SIGTERM_AT": moment,
    }
    return subprocess.run(
        [sys.executable, "-m", module],
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("module", SERVICES)
@pytest.mark.parametrize("moment", [*MOMENTS, "its program", "its service"])
def test_ends_with_exit_code_0_and_without_a_traceback(module: str, moment: str, tmp_path: Path) -> None:
    moment = {"its program": f"{module}.program", "its service": f"{module}.service"}.get(moment, moment)

    ended = start(module, moment, tmp_path)

    assert ended.returncode == 0, ended.stderr
    assert "Traceback" not in ended.stderr
    assert "exception" not in ended.stderr


@pytest.mark.parametrize("module", SERVICES)
def test_nothing_but_the_modules_for_signals_is_loaded_before_the_handlers_are_there(module: str) -> None:
    ours = {module, f"{module}.__main__", "service_chassis", "service_chassis.early_stop"}

    assert loaded_by(f"{module}.__main__") <= ours | loaded_by("signal")


def loaded_by(module: str) -> set[str]:
    """The modules that an import loads beside those that every interpreter has."""
    program = f"import sys; before = set(sys.modules); import {module}; print(*set(sys.modules) - before)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    return set(done.stdout.split())
