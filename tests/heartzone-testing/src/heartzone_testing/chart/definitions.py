"""The definitions of other people's custom resources that the chart makes some of."""

from pathlib import Path

from heartzone_testing.go_programs.modules import GoModule

_MODULE = GoModule("custom-resources")
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
    """The files, brought when they are missing. Raises GoMissing, BuildFailed."""
    return [_MODULE.sources_of(module) / file for module, files in _FILES.items() for file in files]
