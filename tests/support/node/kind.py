"""A cluster that kind makes for one run, in containers of docker."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from node.runs import Run


def run_in_kind(run: Run, pytest: Sequence[str | Path]) -> int:
    """Make a cluster, run pytest on it, remove it, and return pytest's exit code.

    As root, pytest runs in the network of the cluster's node, from where it reaches pods and Services.
    """
    kubeconfig = run.directory / "kubeconfig"
    cluster = [f"--name={run.name}", f"--kubeconfig={kubeconfig}"]
    options = [f"--kubeconfig={kubeconfig}", f"--image-loader=kind load image-archive {{}} --name {run.name}"]
    try:
        subprocess.run(["kind", "create", "cluster", *cluster, "--wait=120s"], check=True)
        return subprocess.run([*_into_the_node(run), *pytest, *options], check=False).returncode
    finally:
        subprocess.run(["kind", "delete", "cluster", *cluster], check=True)


def _into_the_node(run: Run) -> list[str]:
    if os.geteuid() != 0:
        return []
    inspect = ["docker", "inspect", "--format={{.State.Pid}}", f"{run.name}-control-plane"]
    process = subprocess.run(inspect, capture_output=True, text=True, check=True).stdout.strip()
    return ["nsenter", f"--net=/proc/{process}/ns/net"]
