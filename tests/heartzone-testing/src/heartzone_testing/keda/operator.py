"""KEDA's operator: its program from source, and its manifests as KEDA publishes them with it."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import trustme
import yaml

from heartzone_testing.checkout import PROGRAMS
from kubernetes_node.control_plane.kubectl import Kubectl
from kubernetes_node.go_programs.modules import GoModule, Say
from kubernetes_node.images.packing import pack_image

NAMESPACE = "keda"
IMAGE = "localhost/heartzone-keda:dev"
_MODULE = GoModule(PROGRAMS / "keda", title="KEDA", effort="7 to 10 minutes")
_PACKAGE = "github.com/kedacore/keda/v2"
# All that the operator takes; beside these KEDA has a server of metrics, without which nothing scales beyond 1.
_PARTS = ("crd", "general", "service_account", "rbac", "manager")
_CERTIFICATES = "kedaorg-certs"  # its operator reads them from a Secret of this name


def ensure_keda(say: Say) -> None:
    """Build the program and fetch the manifests, where they are missing. Raises GoMissingError, BuildError."""
    _MODULE.ensure(say)
    _MODULE.sources_of(_PACKAGE)


def keda_is_built() -> bool:
    """Whether the program is built. Raises GoMissingError."""
    return _MODULE.is_built()


def image(folder: Path) -> Path:
    """Write the archive of an image with the program, which `ensure_keda` has built."""
    program = _MODULE.ensure(lambda _: None) / "operator"
    return pack_image(folder / "keda.tar", tag=IMAGE, files={"keda": program})


def manifests(kubectl: Kubectl) -> Iterator[dict[str, Any]]:
    """Custom resources, rights and Deployment of the operator, in the namespace that KEDA chooses."""
    config = _MODULE.sources_of(_PACKAGE) / "config"
    for part in _PARTS:
        for manifest in yaml.safe_load_all(kubectl("kustomize", config / part)):
            yield _at_hand(manifest) if manifest["kind"] == "Deployment" else manifest
    yield _certificates()


def _at_hand(deployment: Mapping[str, Any]) -> dict[str, Any]:
    """The Deployment with the image that is here, and ready as soon as it is."""
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    # Certificates that it makes for itself reach it a minute and a restart later.
    container["args"] = [flag for flag in container["args"] if not flag.startswith("--enable-cert-rotation")]
    container |= {"image": IMAGE, "imagePullPolicy": "Never"}
    container["readinessProbe"] |= {"initialDelaySeconds": 0, "periodSeconds": 1}
    return dict(deployment)


def _certificates() -> dict[str, Any]:
    authority = trustme.CA()
    leaf = authority.issue_cert(f"keda-operator.{NAMESPACE}.svc")
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": _CERTIFICATES, "namespace": NAMESPACE},
        "stringData": {
            "ca.crt": authority.cert_pem.bytes().decode(),
            "tls.crt": leaf.cert_chain_pems[0].bytes().decode(),
            "tls.key": leaf.private_key_pem.bytes().decode(),
        },
    }
