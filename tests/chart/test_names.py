"""Names: of whatever length the release's is, Kubernetes takes them, and a pod's name keeps its ordinal."""

import re
from typing import Any

import pytest

from heartzone_testing.chart.rendering import HelmTemplate, Manifest, RenderingError, at
from heartzone_testing.checkout import CHART

MINIMAL = CHART / "ci" / "minimal-values.yaml"
MAX_RELEASE = "r" * 53  # Helm's own limit
LABEL, SUBDOMAIN = 63, 253
BECOME_LABELS = ("Deployment", "Pod", "Service", "StatefulSet")  # of DNS or of pods


@pytest.mark.parametrize("release", ["a", "heartzone", "production", MAX_RELEASE, "r" * 39 + "-" + "r" * 10])
def test_every_name_fits(helm: HelmTemplate, release: str) -> None:
    rendered = helm(MINIMAL, at("monitoring.serviceMonitor.enabled", True), release=release)
    names = [_name(each) for each in rendered.manifests if each["kind"] != "CustomResourceDefinition"]

    for kind, name in names:
        assert re.fullmatch("[a-z]([-a-z0-9]*[a-z0-9])?", name)
        assert len(name) <= (LABEL if kind in BECOME_LABELS else SUBDOMAIN), f"{kind} {name}"


def test_a_worker_s_name_leaves_room_for_what_a_stateful_set_adds(helm: HelmTemplate) -> None:
    name = helm(MINIMAL, release=MAX_RELEASE).one("StatefulSet")["metadata"]["name"]

    assert name.endswith("-zone-worker")
    assert len(name) + len("-0123456789") <= LABEL, "the label controller-revision-hash"


@pytest.mark.parametrize(
    ("release", "values", "name"),
    [
        ("heartzone", {}, "heartzone-producer"),
        ("my-heartzone", {}, "my-heartzone-producer"),
        ("production", {}, "production-heartzone-producer"),
        ("production", {"nameOverride": "zones"}, "production-zones-producer"),
        ("production", {"fullnameOverride": "hz"}, "hz-producer"),
    ],
)
def test_names_follow_the_release(helm: HelmTemplate, release: str, values: dict[str, str], name: str) -> None:
    assert helm(MINIMAL, values, release=release).one("Service", name)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"fullnameOverride": "n" * 45 + "-one"}, {"fullnameOverride": "n" * 45 + "-other"}),
        ({"nameOverride": "n" * 40 + "-one"}, {"nameOverride": "n" * 40 + "-other"}),
    ],
    ids=["fullnameOverride", "nameOverride"],
)
def test_two_names_that_differ_behind_the_cut_stay_two(
    helm: HelmTemplate, one: dict[str, str], other: dict[str, str]
) -> None:
    shared = {_name(each) for each in helm(MINIMAL, one).manifests} & {
        _name(each) for each in helm(MINIMAL, other).manifests
    }

    assert shared == {("CustomResourceDefinition", "eventtopics.heartzone.dev")}


def test_a_label_that_is_cut_still_tells_two_apart(helm: HelmTemplate) -> None:
    one, other = (helm(MINIMAL, {"nameOverride": "n" * 40 + end}).one("StatefulSet") for end in ("-one", "-other"))

    assert one["spec"]["selector"] != other["spec"]["selector"]


def test_a_name_that_fits_is_not_cut(helm: HelmTemplate) -> None:
    assert helm(MINIMAL, {"fullnameOverride": "n" * 40}).one("Service", "n" * 40 + "-producer")


def test_two_releases_in_a_namespace_select_their_own_pods(helm: HelmTemplate) -> None:
    one, other = (helm(MINIMAL, release=release) for release in ("one", "other"))
    selector = one.one("Service", "one-heartzone-producer")["spec"]["selector"]

    for component, template in other.pod_templates():
        assert not selector.items() <= template["metadata"]["labels"].items(), component
    assert {_name(each) for each in one.manifests} & {_name(each) for each in other.manifests} == {
        ("CustomResourceDefinition", "eventtopics.heartzone.dev")
    }


@pytest.mark.parametrize(
    "values",
    [
        at("operator.watchNamespaces", ["*"]),
        at("operator.watchNamespaces", ["orders"]),
        at("operator.leaseNamespace", "leases"),
        at("monitoring.dashboards", {"enabled": True, "namespace": "monitoring"}),
    ],
    ids=["the cluster", "a watched namespace", "the lease's namespace", "the dashboards' namespace"],
)
def test_two_releases_share_no_name_where_both_have_objects(helm: HelmTemplate, values: dict[str, Any]) -> None:
    """Not even of namespaces and names that are one text when they are put together."""
    releases = [
        helm(MINIMAL, values, {"fullnameOverride": name}, namespace=namespace)
        for namespace, name in (("a-b", "c"), ("a", "b-c"), ("a", "c"))
    ]
    names = [
        (each["kind"], each["metadata"].get("namespace", ""), each["metadata"]["name"])
        for rendered in releases
        for each in rendered.manifests
        if each["kind"] != "CustomResourceDefinition"
    ]

    assert len(names) == len(set(names))


def test_a_name_that_kubernetes_would_reject_is_rejected_at_once(helm: HelmTemplate) -> None:
    with pytest.raises(RenderingError, match="/fullnameOverride"):
        helm(MINIMAL, {"fullnameOverride": "Under_score"})


def _name(manifest: Manifest) -> tuple[str, str]:
    return manifest["kind"], manifest["metadata"]["name"]
