"""A cluster that kind makes for one run, in containers of docker."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import yaml

from kubernetes_node.isolation.runs import Run
from kubernetes_node.networking import network

API_IN_THE_NODE = "https://127.0.0.1:6443"


def run_in_kind(run: Run, pytest: Sequence[str | Path]) -> int:
    """Make a cluster, run pytest on it, remove it, and return pytest's exit code.

    As root, pytest runs in the network of the cluster's node, from where it reaches pods and Services.
    """
    kubeconfig = run.directory / "kubeconfig"
    cluster = [f"--name={run.name}", f"--kubeconfig={kubeconfig}"]
    options = [f"--kubeconfig={kubeconfig}", f"--image-loader=kind load image-archive {{}} --name {run.name}"]
    try:
        subprocess.run(["kind", "create", "cluster", *cluster, "--wait=120s"], check=True)
        where = _in_the_node(run, kubeconfig) if os.geteuid() == 0 else []
        return subprocess.run([*where, *pytest, *options], check=False).returncode
    finally:
        subprocess.run(["kind", "delete", "cluster", *cluster], check=True)


def _in_the_node(run: Run, kubeconfig: Path) -> list[str | Path]:
    """A command prefix that enters the network of the node; the kubeconfig file is changed to the address there."""
    config = yaml.safe_load(kubeconfig.read_text())
    config["clusters"][0]["cluster"]["server"] = API_IN_THE_NODE
    kubeconfig.write_text(yaml.safe_dump(config))
    inspect = ["docker", "inspect", "--format={{.State.Pid}}", f"{run.name}-control-plane"]
    process = subprocess.run(inspect, capture_output=True, text=True, check=True).stdout.strip()
    return entering(int(process), run.directory)


def entering(process: int, directory: Path) -> list[str | Path]:
    """A command prefix that enters the network of a process and resolves names by the cluster's DNS."""
    resolv_conf = directory / "resolv.conf"
    resolv_conf.write_text(network.RESOLV_CONF)  # kind's addresses of Services are those of our node
    mounting = 'mount --bind "$0" /etc/resolv.conf && exec "$@"'
    return ["nsenter", f"--net=/proc/{process}/ns/net", "unshare", "--mount", "sh", "-c", mounting, resolv_conf]
