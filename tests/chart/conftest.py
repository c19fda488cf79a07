"""Helm and the control plane's programs, and the chart as Helm renders it."""

import pytest

from heartzone_testing.chart.rendering import HelmTemplate
from heartzone_testing.release.helm import ensure_helm
from kubernetes_node.control_plane.binaries import Binaries, ensure_binaries


@pytest.fixture(scope="session")
def helm() -> HelmTemplate:
    """``helm(values, …)`` renders, ``helm.lint(…)``, ``helm.notes(…)``."""
    return HelmTemplate(ensure_helm(print))


@pytest.fixture(scope="session")
def control_plane_programs() -> Binaries:
    """etcd, kube-apiserver and kubectl, each by its name."""
    return ensure_binaries(print)
