"""`heartzone up` from the wheels of a release alone, in an empty folder: nothing of the checkout is in reach."""

import signal
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from heartzone_cli.cluster import endpoints
from heartzone_release.wheels import build_wheels
from heartzone_testing.services.environment import environment
from heartzone_testing.services.laptop import FREE_PORTS, STOP_S
from heartzone_testing.waiting import eventually


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheels, and with what they need of others from the one of the tests.

    Its folder is added as a path, of which Python reads no .pth files: those are what leads into the checkout.
    """
    folder = tmp_path_factory.mktemp("wheels")
    wheels = build_wheels(folder / "dist")
    prefix = folder / "environment"
    subprocess.run(["uv", "venv", "--quiet", "--no-project", f"--python={sys.executable}", prefix], check=True)
    install = ["uv", "pip", "install", "--quiet", "--offline", "--no-deps", f"--python={prefix}"]
    subprocess.run([*install, *wheels], check=True)
    (packages,) = prefix.glob("lib/python*/site-packages")
    (packages / "others.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    return prefix


def test_up_works_in_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [installed / "bin" / "heartzone", "up", "--data-dir=data", *FREE_PORTS],
            cwd=tmp_path,
            env=environment(),
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        file = tmp_path / "data" / endpoints.FILE_NAME
        try:
            eventually(lambda: file.exists() or process.poll() is not None, "`up` to be ready", 120)
            assert process.poll() is None, (tmp_path / "log").read_text()
            process.send_signal(signal.SIGINT)
            assert process.wait(STOP_S) == 0
        finally:
            process.kill()
            process.wait()


def test_what_runs_there_is_what_the_wheels_have(installed: Path) -> None:
    program = "import heartzone_cli, heartzone_producer, exactly_once; print(exactly_once.__file__)"
    done = subprocess.run([installed / "bin" / "python", "-c", program], capture_output=True, text=True, check=True)

    assert Path(done.stdout.strip()).is_relative_to(installed)
