"""Labels and annotations of users beside the chart's own: each key once, the chart's own as they are."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from heartzone_testing.chart.rendering import HelmTemplate, Rendered, at
from heartzone_testing.checkout import CHART
from heartzone_testing.release.values import merged

MINIMAL = CHART / "ci" / "minimal-values.yaml"
COMPONENTS = ("producer", "zoneWorker", "operator", "test")
# Every key that the chart itself sets somewhere, and one that it does not.
LABELS = {
    "app.kubernetes.io/component": "theirs",
    "app.kubernetes.io/instance": "theirs",
    "app.kubernetes.io/managed-by": "theirs",
    "app.kubernetes.io/name": "theirs",
    "app.kubernetes.io/part-of": "theirs",
    "app.kubernetes.io/version": "theirs",
    "grafana_dashboard": "theirs",
    "helm.sh/chart": "theirs",
    "heartzone.dev/scrape": "theirs",
    "team": "heart",
}
ANNOTATIONS = {
    "checksum/secrets": "theirs",
    "checksum/settings": "theirs",
    "helm.sh/hook": "theirs",
    "helm.sh/hook-delete-policy": "theirs",
    "kubectl.kubernetes.io/default-container": "theirs",
    "note": "heart",
}
# Labels of some objects win over those of all.
PARTICULAR = {"team": "cardiology"}
EVERYTHING = merged(
    at("monitoring.dashboards.enabled", True),
    at("monitoring.rules.enabled", True),
    at("monitoring.serviceMonitor.enabled", True),
    at("zoneWorker.keda", {"enabled": True, "prometheus": {"serverAddress": "http://prometheus"}}),
)
THEIRS = merged(
    at("commonLabels", LABELS),
    at("monitoring.dashboards.annotations", {"note": "heart"}),
    *(
        at(f"{path}.additionalLabels", {**LABELS, **PARTICULAR})
        for path in ("monitoring.rules", "monitoring.serviceMonitor", "zoneWorker.keda")
    ),
    *(
        at(component, {"podLabels": {**LABELS, **PARTICULAR}, "podAnnotations": ANNOTATIONS})
        for component in COMPONENTS
    ),
)


class _EachKeyOnce(yaml.SafeLoader):
    """YAML whose mappings have each key once, as its specification and Kubernetes' strict decoding have it."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value]
        twice = {key for key in keys if keys.count(key) > 1}
        assert not twice, f"{node.start_mark.line + 1}: {twice} more than once"
        return super().construct_mapping(node, deep)


@pytest.fixture(scope="module")
def rendered(helm: HelmTemplate) -> Rendered:
    text = helm.text(MINIMAL, merged(EVERYTHING, THEIRS))
    return Rendered(tuple(each for each in yaml.load_all(text, _EachKeyOnce) if each))


@pytest.fixture(scope="module")
def plain(helm: HelmTemplate) -> Rendered:
    """The same objects without anything of users."""
    return helm(MINIMAL, EVERYTHING)


def test_the_chart_s_own_labels_and_annotations_win(rendered: Rendered, plain: Rendered) -> None:
    """On objects and pods; whatever users name the same is left out."""
    with_theirs, own = dict(_metadata(rendered)), dict(_metadata(plain))

    assert with_theirs.keys() == own.keys()
    for name, metadata in own.items():
        for kind in ("labels", "annotations"):
            kept = _unchanging(metadata.get(kind) or {})
            assert kept.items() <= with_theirs[name].get(kind, {}).items(), f"{name}: {kind}"


def test_labels_for_all_are_on_every_object_and_pod(rendered: Rendered) -> None:
    assert all(metadata["labels"]["team"] for _, metadata in _metadata(rendered))


def test_a_more_particular_label_wins_over_one_for_all(rendered: Rendered) -> None:
    for kind in ("ScaledObject", "ServiceMonitor", "PrometheusRule"):
        assert rendered.one(kind)["metadata"]["labels"]["team"] == "cardiology"
    for component, template in rendered.pod_templates():
        assert template["metadata"]["labels"]["team"] == "cardiology", component
        assert template["metadata"]["annotations"]["note"] == "heart", component


def test_selectors_are_the_chart_s_alone(rendered: Rendered, plain: Rendered) -> None:
    for kind in ("Deployment", "StatefulSet"):
        for workload, own in zip(rendered.of_kind(kind), plain.of_kind(kind), strict=True):
            assert workload["spec"]["selector"] == own["spec"]["selector"]
    for service in rendered.of_kind("Service"):
        assert "theirs" not in service["spec"]["selector"].values()


def _metadata(rendered: Rendered) -> Iterator[tuple[str, dict[str, Any]]]:
    for manifest in rendered.manifests:
        if manifest["kind"] != "CustomResourceDefinition":
            yield f"{manifest['kind']} {manifest['metadata']['name']}", manifest["metadata"]
    for component, template in rendered.pod_templates():
        yield f"pod of {component}", template["metadata"]


def _unchanging(metadata: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in metadata.items() if key != "checksum/settings"}
