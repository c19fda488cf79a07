"""A node of our own, in the world that `isolation` makes: every program of a cluster, started in order."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from embedded_kafka.errors import StartError
from embedded_kafka.processes import ChildProcess
from embedded_kafka.processes.readiness import NotReadyError, await_ready
from kubernetes_node.control_plane.binaries import Binaries, are_built, built_binaries
from kubernetes_node.control_plane.cluster import Cluster
from kubernetes_node.control_plane.kubectl import Kubectl
from kubernetes_node.control_plane.processes import ControlPlane
from kubernetes_node.go_programs.modules import PROGRAMS, GoModule, Say
from kubernetes_node.images.packing import pack_image
from kubernetes_node.machine import containerd
from kubernetes_node.machine.daemons import NODE, Daemons
from kubernetes_node.networking import network
from kubernetes_node.nodes.node import Node

START_TIMEOUT_S = 60
BUSYBOX = "kubernetes-node-busybox:local"
DNS = Path(__file__).with_name("manifests") / "dns.yaml"


MODULES = (containerd.MODULE, GoModule(PROGRAMS / "coredns"), GoModule(PROGRAMS / "pause"))


def programs_are_built() -> bool:
    """Whether `build_programs` has nothing to do. Raises GoMissingError."""
    return are_built() and all(module.is_built() for module in MODULES)


def build_programs(say: Say) -> None:
    """Build what is not there yet of the node's programs. Raises GoMissingError, BuildError."""
    built_binaries(say)
    for module in MODULES:
        module.ensure(say)


@contextmanager
def own_node(directory: Path, archives: Mapping[str, Path]) -> Iterator[Node]:
    """A node whose files are in `directory`, that can be given these images. Raises StartError."""
    binaries = built_binaries(_silently)
    runtime = containerd.Containerd(containerd.MODULE.ensure(_silently), directory / "containerd")
    with ExitStack() as running:
        daemon = runtime.start()
        running.callback(daemon.kill)
        (directory / "control-plane").mkdir()
        control_plane = running.enter_context(
            ControlPlane(
                binaries,
                directory / "control-plane",
                address=network.ADDRESS,
                names=[network.API_SERVICE, "kubernetes.default.svc"],
                flags=_api_server_flags(directory / "control-plane"),
            )
        )
        _await("containerd", runtime.is_ready, daemon)
        for archive in _images(directory):
            runtime.load(archive)
        daemons = Daemons(binaries, control_plane, directory / "daemons").start()
        for each in daemons:
            running.callback(each.kill)
        cluster = _cluster(control_plane, binaries)
        cluster.kubectl.apply(DNS.read_text())
        _await("the node", lambda: _is_ready(cluster.kubectl), *daemons)
        # The bridge that pods are connected to knows no policies.
        yield Node(cluster, runtime.load, archives, reaches_pods=True, enforces_network_policies=False, busybox=BUSYBOX)


def _cluster(control_plane: ControlPlane, binaries: Binaries) -> Cluster:
    """To tests it is a cluster that somebody runs: it has the controllers that `ControlPlane` lacks."""
    kubeconfig = control_plane.kubeconfig
    kubectl = Kubectl(binaries["kubectl"], kubeconfig, cache_dir=kubeconfig.with_name("kubectl-cache"))
    return Cluster(control_plane.url, kubeconfig, kubectl)


def _api_server_flags(directory: Path) -> list[str]:
    return [
        f"--service-cluster-ip-range={network.SERVICES}",
        "--allow-privileged",
        # The kubelet accepts clients that this CA has signed; nothing resolves its name.
        f"--kubelet-client-certificate={directory / 'admin.pem'}",
        f"--kubelet-client-key={directory / 'admin.pem'}",
        "--kubelet-preferred-address-types=InternalIP",
    ]


def _images(directory: Path) -> Iterator[Path]:
    for name, tag in {"pause": containerd.PAUSE_IMAGE, "coredns": "kubernetes-node-coredns:local"}.items():
        program = GoModule(PROGRAMS / name).ensure(_silently) / name
        yield pack_image(directory / f"{name}.tar", tag=tag, files={name: program})
    busybox = shutil.which("busybox")
    assert busybox, "`packages` installs it"
    applets = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True).stdout.split()
    links = {f"bin/{applet}": "busybox" for applet in applets if applet != "busybox"}
    yield pack_image(directory / "busybox.tar", tag=BUSYBOX, files={"bin/busybox": Path(busybox)}, links=links)


def _is_ready(kubectl: Kubectl) -> bool:
    """Whether the node takes pods and the cluster's DNS is available."""
    node = kubectl.run("get", "node", NODE, "--output=json")
    dns = kubectl.run("get", "deployment", "coredns", "--namespace=kube-system", "--output=json")
    return _condition(node.stdout, "Ready") and _condition(dns.stdout, "Available")


def _condition(found: str, kind: str) -> bool:
    conditions = json.loads(found)["status"].get("conditions", []) if found else []
    return any(condition["type"] == kind and condition["status"] == "True" for condition in conditions)


def _await(what: str, ready: Callable[[], bool], *processes: ChildProcess) -> None:
    def ended() -> int | None:
        return next((code for process in processes if (code := process.poll()) is not None), None)

    try:
        await_ready(ready, ended, START_TIMEOUT_S)
    except NotReadyError as error:
        happened = f"not ready in {START_TIMEOUT_S} s" if error.exit_code is None else f"ended with {error.exit_code}"
        tails = "\n".join(f"{process.log_file.name}:\n{process.tail()}" for process in processes)
        raise StartError(f"{what}: {happened}\n{tails}") from None


def _silently(_: str) -> None:
    """The programs were built before the tests began."""
