"""Every value file of ci/ renders into what Kubernetes' own schemas take, and keeps the rules of good charts."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest

from heartzone_testing.chart.rendering import (
    NEWEST_KUBERNETES,
    OLDEST_KUBERNETES,
    VALUE_FILES,
    HelmTemplate,
    Rendered,
)
from heartzone_testing.checkout import CHART

# Other people's kinds, and ours: tests/kubernetes applies them to an API server with their definitions.
CUSTOM_GROUPS = {
    "gateway.networking.k8s.io",
    "heartzone.dev",
    "keda.sh",
    "monitoring.coreos.com",
}


@pytest.fixture(scope="module", params=VALUE_FILES, ids=lambda path: path.name.removesuffix("-values.yaml"))
def value_file(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


@pytest.fixture(scope="module")
def rendered(helm: HelmTemplate, value_file: Path) -> Rendered:
    return helm(value_file)


def test_there_are_a_dozen_of_them() -> None:
    assert len(VALUE_FILES) >= 12


def test_helm_has_nothing_to_say_against_it(helm: HelmTemplate, value_file: Path) -> None:
    assert "0 chart(s) failed" in helm.lint(value_file)


@pytest.mark.parametrize("version", [OLDEST_KUBERNETES, NEWEST_KUBERNETES])
def test_kubernetes_schemas_take_every_manifest(rendered: Rendered, version: str) -> None:
    validated = 0
    for manifest in rendered.manifests:
        if manifest["apiVersion"].partition("/")[0] not in CUSTOM_GROUPS:
            _check(json.dumps(manifest), version)
            validated += 1
    assert validated >= 5


def test_those_schemas_reject_a_misspelt_field(helm: HelmTemplate) -> None:
    deployment = helm(CHART / "ci" / "minimal-values.yaml").one("Deployment", "heartzone-producer")
    deployment["spec"]["template"]["spec"]["terminationGracePeriod"] = 1

    with pytest.raises(kubernetes_validate.ValidationError, match="terminationGracePeriod"):
        kubernetes_validate.validate(deployment, NEWEST_KUBERNETES, strict=True)


def test_no_two_manifests_are_the_same_object(rendered: Rendered) -> None:
    objects = [
        (manifest["kind"], manifest["metadata"].get("namespace"), manifest["metadata"]["name"])
        for manifest in rendered.manifests
    ]

    assert len(objects) == len(set(objects))


def test_every_namespaced_object_says_its_namespace(rendered: Rendered) -> None:
    cluster_wide = {"ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition"}
    without = {manifest["kind"] for manifest in rendered.manifests if "namespace" not in manifest["metadata"]}

    assert without <= cluster_wide


def test_every_object_says_whose_it_is(rendered: Rendered) -> None:
    for manifest in rendered.manifests:
        if manifest["kind"] != "CustomResourceDefinition":
            labels = manifest["metadata"]["labels"]
            assert labels["app.kubernetes.io/instance"] == "heartzone"
            assert labels["app.kubernetes.io/managed-by"] == "Helm"
            assert labels["helm.sh/chart"].startswith("heartzone-")


def test_selectors_never_hold_what_changes_with_a_version(rendered: Rendered) -> None:
    selectors = [
        selector
        for manifest in rendered.manifests
        for selector in _selectors(manifest.get("spec", {}))
        if manifest["kind"] != "CustomResourceDefinition"
    ]

    assert selectors
    for labels in selectors:
        assert labels.keys().isdisjoint({"helm.sh/chart", "app.kubernetes.io/version", "app.kubernetes.io/managed-by"})


def test_pods_do_not_change_with_the_chart_s_version_alone(rendered: Rendered) -> None:
    for component, template in rendered.pod_templates():
        if component != "test":
            assert "helm.sh/chart" not in template["metadata"]["labels"]


def test_every_workload_selects_its_own_pods(rendered: Rendered) -> None:
    for manifest in (*rendered.of_kind("Deployment"), *rendered.of_kind("StatefulSet")):
        wanted = manifest["spec"]["selector"]["matchLabels"]
        assert wanted.items() <= manifest["spec"]["template"]["metadata"]["labels"].items()
        assert "app.kubernetes.io/component" in wanted


def test_no_secret_is_rendered(rendered: Rendered) -> None:
    assert not rendered.has("Secret")


@cache
def _check(manifest: str, version: str) -> None:
    """Most of what the value files render is the same; once is enough."""
    kubernetes_validate.validate(json.loads(manifest), version, strict=True)


def _selectors(spec: Any) -> list[dict[str, str]]:
    """Every matchLabels in it, and the selector of a Service."""
    if isinstance(spec, list):
        return [found for item in spec for found in _selectors(item)]
    if not isinstance(spec, dict):
        return []
    found = [spec["matchLabels"]] if "matchLabels" in spec else []
    if isinstance(spec.get("selector"), dict) and "ports" in spec:
        found.append(spec["selector"])
    return found + [each for item in spec.values() for each in _selectors(item)]
