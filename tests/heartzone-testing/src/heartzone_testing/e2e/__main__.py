"""``python -m heartzone_testing.e2e [PYTEST ARGUMENT]…``: the tests of the images, and of the product on a cluster.

The cluster: that of ``--kubeconfig FILE``; else one that kind makes, where kind and docker are; else a node of our own.
"""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

from kubernetes_node.isolation.linux_namespaces import TerminatedError, end_on_signals, run_isolated
from kubernetes_node.isolation.runs import Run, new_run
from kubernetes_node.machine.packages import NodeUnsupportedError, ensure_packages
from kubernetes_node.nodes.kind import run_in_kind

TESTS = ("tests/e2e/images", "tests/e2e/cluster")
PACKAGES = {
    "buildah": "buildah",
    "debootstrap": "debootstrap",
    "prometheus": "prometheus",  # it observes the product in the cluster
}
"""Debian's packages beside those of the node, with the program that shows that each is there."""


def main() -> int:
    """Build what the tests need, then run them on a cluster of which nothing is left; return pytest's exit code."""
    arguments = _with_tests(sys.argv[1:])
    try:
        with end_on_signals(), new_run() as run:
            return _run(run, arguments)
    except NodeUnsupportedError as error:
        _say(str(error))
        return 2
    except TerminatedError as ended:
        return 128 + ended.signal
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def _run(run: Run, arguments: list[str]) -> int:
    archives = run.directory / "images"
    archives.mkdir()
    pytest = [sys.executable, "-m", "pytest", f"--image-archives={archives}"]
    given = any(argument.startswith("--kubeconfig") for argument in arguments)
    kind = not given and shutil.which("kind") is not None and shutil.which("docker") is not None
    if not given and not kind:
        ensure_packages(_say, PACKAGES)
    built = subprocess.run([*pytest, "--build-only", "-qq", *arguments], check=False).returncode
    if built != 0:
        return built
    if given:
        return subprocess.run([*pytest, *arguments], check=False).returncode
    if kind:
        return run_in_kind(run, [*pytest, *arguments])
    return run_isolated(run, [*pytest, f"--node-directory={run.directory}", *arguments])


def _with_tests(arguments: list[str]) -> list[str]:
    """The arguments, with all tests when they name none."""
    named = any(Path(argument.split("::")[0]).exists() for argument in arguments)
    return arguments if named else [*TESTS, *arguments]


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
