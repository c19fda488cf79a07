"""A Prometheus in a pod, which other pods can query."""

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from heartzone_testing.prometheus.programs import program
from heartzone_testing.prometheus.server import ScrapeJob, scrape_configuration
from kubernetes_node.control_plane.kubectl import Kubectl
from kubernetes_node.images.packing import pack_image
from kubernetes_node.nodes.node import Node

IMAGE = "localhost/heartzone-prometheus:dev"
NAME = "prometheus"
PORT = 9090


@contextmanager
def running_prometheus(node: Node, kubectl: Kubectl, folder: Path, *jobs: ScrapeJob) -> Iterator[str]:
    """Run a Prometheus in kubectl's namespace that scrapes these every second, while the block lasts.

    Yields its URL in the cluster. A target may be missing and come later, under a name of the cluster's DNS.
    """
    node.load_image(pack_image(folder / "prometheus.tar", tag=IMAGE, files=_files(program("prometheus"))))
    configuration = json.dumps(scrape_configuration(jobs))
    objects = [
        _object("ConfigMap", data={"prometheus.yml": configuration}),
        _object("Service", spec={"selector": {"app": NAME}, "ports": [{"port": PORT}]}),
        _object("Pod", spec=_pod_spec()),
    ]
    try:
        kubectl.apply(*objects)
        kubectl("wait", "--for=condition=Ready", f"pod/{NAME}", "--timeout=60s", timeout=70)
        yield f"http://{NAME}.{kubectl.namespace}:{PORT}"
    finally:
        for each in objects:
            kubectl("delete", each["kind"], NAME, "--ignore-not-found", "--wait=false")


def _files(command: Path) -> dict[str, Path]:
    """The program and the libraries that it is linked with, by their paths in the image."""
    # ldd fails for a statically linked program.
    listed = subprocess.run(["ldd", command], capture_output=True, text=True, check=False).stdout
    libraries = [Path(found) for found in re.findall(r"(/\S+) \(0x", listed)]
    return {NAME: command} | {str(library).lstrip("/"): library.resolve() for library in libraries}


def _object(kind: str, **content: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": NAME, "labels": {"app": NAME}}, **content}


def _pod_spec() -> dict[str, Any]:
    return {
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": 0,
        "securityContext": {"runAsNonRoot": True, "fsGroup": 65532, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [
            {
                "name": NAME,
                "image": IMAGE,
                "imagePullPolicy": "Never",
                "args": ["--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/data"],
                "ports": [{"containerPort": PORT}],
                "readinessProbe": {"httpGet": {"path": "/-/ready", "port": PORT}, "periodSeconds": 1},
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "readOnlyRootFilesystem": True,
                    "capabilities": {"drop": ["ALL"]},
                },
                "volumeMounts": [
                    {"name": "configuration", "mountPath": "/etc/prometheus", "readOnly": True},
                    {"name": "data", "mountPath": "/data"},
                ],
            }
        ],
        "volumes": [{"name": "configuration", "configMap": {"name": NAME}}, {"name": "data", "emptyDir": {}}],
    }
