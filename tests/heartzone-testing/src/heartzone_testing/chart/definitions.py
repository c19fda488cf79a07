"""CustomResourceDefinitions of other projects whose resources the chart renders."""

from pathlib import Path

from heartzone_testing.checkout import PROGRAMS
from kubernetes_node.go_programs.modules import GoModule

_MODULE = GoModule(PROGRAMS / "custom-resources")
_FILES = {
    "github.com/kedacore/keda/v2": (
        "config/crd/bases/keda.sh_scaledobjects.yaml",
        "config/crd/bases/keda.sh_triggerauthentications.yaml",
    ),
    "github.com/prometheus-operator/prometheus-operator": (
        "example/prometheus-operator-crd/monitoring.coreos.com_podmonitors.yaml",
        "example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml",
        "example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml",
    ),
    "sigs.k8s.io/gateway-api": ("config/crd/standard/gateway.networking.k8s.io_httproutes.yaml",),
}


def definitions() -> list[Path]:
    """The files, fetched when they are missing. Raises GoMissingError, BuildError."""
    return [_MODULE.sources_of(module) / file for module, files in _FILES.items() for file in files]


def are_there() -> bool:
    """Whether `definitions` has nothing to fetch. Raises GoMissingError."""
    return _MODULE.has_sources_of(*_FILES)
