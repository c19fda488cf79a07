"""Values of pods that every component has alike, the pod of `helm test` among them."""

from typing import Any

import pytest

from heartzone_testing.chart.rendering import HelmTemplate, Rendered, RenderingError, at
from heartzone_testing.checkout import CHART
from heartzone_testing.release.values import merged

CI = CHART / "ci"
MINIMAL = CI / "minimal-values.yaml"
SECURED = CI / "strimzi-scram-values.yaml"
COMPONENTS = {
    "producer": "producer",
    "zone-worker": "zoneWorker",
    "operator": "operator",
    "audit": "audit",
    "test": "test",
}
PLACEMENT: dict[str, Any] = {
    "affinity": {"nodeAffinity": {}},
    "hostAliases": [{"ip": "192.0.2.1", "hostnames": ["broker.example.org"]}],
    "nodeSelector": {"disk": "fast"},
    "priorityClassName": "high",
    "tolerations": [{"key": "dedicated", "operator": "Exists"}],
}
VARIABLE = {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "tokens", "key": "token"}}}
VOLUME = {"name": "more", "csi": {"driver": "secrets.example.org"}}
MOUNT = {"name": "more", "mountPath": "/more", "readOnly": True}
ALL = merged(
    {},
    *(
        at(
            value,
            {**PLACEMENT, "extraEnv": [VARIABLE], "extraVolumes": [VOLUME], "extraVolumeMounts": [MOUNT]},
        )
        for value in COMPONENTS.values()
    ),
)


@pytest.fixture(scope="module")
def given(helm: HelmTemplate) -> Rendered:
    return helm(SECURED, ALL)


@pytest.mark.parametrize("component", COMPONENTS)
def test_every_pod_can_be_placed_the_same_way(given: Rendered, component: str) -> None:
    assert PLACEMENT.items() <= given.pod(component).items()


@pytest.mark.parametrize("component", COMPONENTS)
def test_what_users_add_comes_beside_what_the_chart_has(given: Rendered, helm: HelmTemplate, component: str) -> None:
    spec, plain = given.pod(component), helm(SECURED).pod(component)

    assert spec["volumes"] == [*plain["volumes"], VOLUME]
    for name, added in (("env", VARIABLE), ("volumeMounts", MOUNT)):
        assert spec["containers"][0][name] == [*plain["containers"][0][name], added]


def test_without_secrets_of_the_chart_s_own_there_are_the_user_s_volumes_alone(helm: HelmTemplate) -> None:
    spec = helm(MINIMAL, ALL).pod("producer")

    assert spec["volumes"] == [VOLUME]
    assert spec["containers"][0]["volumeMounts"] == [MOUNT]


def test_a_timing_of_a_probe_changes_that_alone(helm: HelmTemplate) -> None:
    (container,) = helm(MINIMAL, at("zoneWorker.probes.startup.failureThreshold", 300)).pod("zone-worker")["containers"]

    assert container["startupProbe"] == {
        "httpGet": {"path": "/livez", "port": "management"},
        "periodSeconds": 1,
        "failureThreshold": 300,
    }
    assert container["livenessProbe"]["failureThreshold"] == 3
    assert container["readinessProbe"]["failureThreshold"] == 2


def test_an_update_strategy_of_another_type_has_nothing_of_the_default_s(helm: HelmTemplate) -> None:
    """Helm merges values, but Kubernetes takes `rollingUpdate` with its own type only."""
    rendered = helm(
        MINIMAL,
        merged(
            at("producer.strategy.type", "Recreate"),
            at("zoneWorker.updateStrategy", {"type": "OnDelete", "rollingUpdate": {"partition": 1}}),
            at("operator.strategy", {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}),
        ),
    )

    assert rendered.one("Deployment", "heartzone-producer")["spec"]["strategy"] == {"type": "Recreate"}
    assert rendered.one("StatefulSet")["spec"]["updateStrategy"] == {"type": "OnDelete"}
    assert rendered.one("Deployment", "heartzone-operator")["spec"]["strategy"]["rollingUpdate"]["maxSurge"] == 0


def test_every_container_says_what_disk_it_takes(helm: HelmTemplate) -> None:
    for component, template in helm(SECURED).pod_templates():
        resources = template["spec"]["containers"][0]["resources"]
        assert "ephemeral-storage" in resources["requests"], component
        assert "ephemeral-storage" in resources["limits"], component


def test_images_come_from_the_registry_that_all_charts_are_told(helm: HelmTemplate) -> None:
    rendered = helm(
        MINIMAL,
        at("audit.enabled", True),
        at("global", {"imageRegistry": "mirror.example.org/", "imagePullSecrets": ["pull", {"name": "another"}]}),
        at("image", {"registry": "registry.example.org", "pullSecrets": [{"name": "own"}, {"name": "pull"}]}),
    )

    for component in COMPONENTS:
        spec = rendered.pod(component)
        assert spec["containers"][0]["image"].startswith("mirror.example.org/heartzone-")
        assert spec["imagePullSecrets"] == [{"name": "pull"}, {"name": "another"}, {"name": "own"}]


def test_further_objects_are_templates(helm: HelmTemplate) -> None:
    secret = {
        "apiVersion": "external-secrets.io/v1",
        "kind": "ExternalSecret",
        "metadata": {"name": '{{ include "heartzone.fullname" . }}-kafka', "namespace": "{{ .Release.Namespace }}"},
    }
    text = "{{- range list 1 2 }}\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: number-{{ . }}}\n{{- end }}\n"
    rendered = helm(MINIMAL, at("extraObjects", [secret, text]))

    assert rendered.one("ExternalSecret")["metadata"] == {"name": "heartzone-kafka", "namespace": "heartzone"}
    assert [each["metadata"]["name"] for each in rendered.of_kind("Secret")] == ["number-1", "number-2"]


@pytest.mark.parametrize(
    ("values", "place"),
    [
        (at("producer.probes.liveness.httpGet", {}), "/producer/probes/liveness"),
        (at("producer.extraEnv", [{"nam": "A"}]), "/producer/extraEnv/0"),
        (at("test.hostAliases", [{"hostnames": ["a"]}]), "/test/hostAliases/0"),
        (at("extraObjects", [{"kind": "Secret"}]), "/extraObjects/0"),
    ],
    ids=["a probe", "a variable", "an alias", "an object"],
)
def test_what_kubernetes_would_not_take_is_rejected_at_once(
    helm: HelmTemplate, values: dict[str, Any], place: str
) -> None:
    with pytest.raises(RenderingError, match=place):
        helm(MINIMAL, values)
