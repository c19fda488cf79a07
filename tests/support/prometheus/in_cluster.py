"""A Prometheus in a pod, which finds other pods by itself, those that come later too."""

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from control_plane.kubectl import Kubectl
from node.archives import pack_image
from node.node import Node
from prometheus.programs import program

IMAGE = "localhost/heartzone-prometheus:dev"
NAME = "prometheus"
PORT = 9090
SCRAPED_PORT = "management"


@contextmanager
def running_prometheus(node: Node, kubectl: Kubectl, folder: Path, *, service: str) -> Iterator[str]:
    """A Prometheus in kubectl's namespace, which scrapes the pods of a headless Service there; yields its address."""
    node.load_image(pack_image(folder / "prometheus.tar", tag=IMAGE, files=_files(program("prometheus"))))
    objects = [_settings(str(kubectl.namespace), service), _service(), _pod()]
    try:
        kubectl.apply(*objects)
        kubectl("wait", "--for=condition=Ready", f"pod/{NAME}", "--timeout=60s", timeout=70)
        yield f"http://{NAME}.{kubectl.namespace}:{PORT}"
    finally:
        for each in objects:
            kubectl("delete", each["kind"], NAME, "--ignore-not-found", "--wait=false")


def _files(command: Path) -> dict[str, Path]:
    """The program and the libraries that it is linked with, by their paths in the image."""
    listed = subprocess.run(["ldd", command], capture_output=True, text=True, check=True).stdout
    libraries = [Path(found) for found in re.findall(r"(/\S+) \(0x", listed)]
    return {NAME: command} | {str(library).lstrip("/"): library.resolve() for library in libraries}


def _object(kind: str, **content: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": NAME, "labels": {"app": NAME}}, **content}


def _service() -> dict[str, Any]:
    return _object("Service", spec={"selector": {"app": NAME}, "ports": [{"port": PORT}]})


def _pod() -> dict[str, Any]:
    spec = {
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
    return _object("Pod", spec=spec)


def _settings(namespace: str, service: str) -> dict[str, Any]:
    configuration = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s"},
        "scrape_configs": [
            {
                "job_name": service,
                # By DNS, since Debian's Prometheus cannot ask Kubernetes.
                "dns_sd_configs": [
                    {
                        "names": [f"_{SCRAPED_PORT}._tcp.{service}.{namespace}.svc.cluster.local"],
                        "type": "SRV",
                        "refresh_interval": "1s",
                    }
                ],
                # <pod>.<service>.<namespace>.svc.cluster.local
                "relabel_configs": [
                    {
                        "source_labels": ["__meta_dns_srv_record_target"],
                        "regex": rf"([^.]+)\.{service}\.([^.]+)\..*",
                        "replacement": f"${group}",
                        "target_label": label,
                    }
                    for group, label in enumerate(("pod", "namespace"), 1)
                ],
            }
        ],
    }
    return _object("ConfigMap", data={"prometheus.yml": json.dumps(configuration)})
