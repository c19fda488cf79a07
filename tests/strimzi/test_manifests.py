"""deploy/strimzi, as kustomize renders it, before the eyes of those who will read it: Strimzi and Kubernetes."""

import copy
import os
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from embedded_kafka.broker.distribution import KAFKA_LOCK
from embedded_kafka.distributions import read_lock
from embedded_kafka.registry.distribution import REGISTRY_LOCK
from event_topics import load_event_topics
from heartzone_testing.checkout import ROOT, STRIMZI, TOPICS
from heartzone_testing.strimzi.kustomizations import only, rendered
from heartzone_testing.strimzi.model.parsing import complaints
from heartzone_testing.strimzi.users import kafka_users

DEV, PRODUCTION = STRIMZI / "overlays" / "dev", STRIMZI / "overlays" / "production"
REGISTRY_DEV = STRIMZI / "registry" / "overlays" / "dev"
REGISTRY_PRODUCTION = STRIMZI / "registry" / "overlays" / "production"
RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def of_strimzi(folder: Path) -> list[Any]:
    return [each for each in rendered(folder) if each["apiVersion"].startswith("kafka.strimzi.io/")]


def with_component(folder: Path, overlay: Path, *components: Path) -> Path:
    """A kustomization as the README describes it: an overlay of ours with components of ours."""
    content = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [os.path.relpath(overlay, folder.resolve())],
        "components": [os.path.relpath(component, folder.resolve()) for component in components],
    }
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(content))
    return folder


@pytest.mark.parametrize("overlay", [DEV, PRODUCTION], ids=lambda path: path.name)
def test_strimzis_own_classes_know_every_field_and_value(overlay: Path) -> None:
    assert complaints(of_strimzi(overlay)) == []


@pytest.mark.parametrize("overlay", [DEV, PRODUCTION], ids=lambda path: path.name)
def test_with_certificates_instead_of_passwords_strimzi_still_knows_all_of_it(overlay: Path, tmp_path: Path) -> None:
    components = (STRIMZI / "components" / name for name in ("on-call", "mtls"))
    objects = of_strimzi(with_component(tmp_path, overlay, *components))

    assert complaints(objects) == []
    (cluster,) = (each for each in objects if each["kind"] == "Kafka")
    assert [each["authentication"] for each in cluster["spec"]["kafka"]["listeners"]] == [{"type": "tls"}]
    users = [each for each in objects if each["kind"] == "KafkaUser"]
    assert {each["spec"]["authentication"]["type"] for each in users} == {"tls"}
    assert {each["metadata"]["name"] for each in users} == {*kafka_users(), "heartzone-on-call"}


def _misspell_a_field(cluster: dict[str, Any]) -> None:
    cluster["spec"]["kafka"]["listeners"][0]["authentification"] = {}


def _misspell_kubernetes_field(cluster: dict[str, Any]) -> None:
    cluster["spec"]["kafka"]["template"]["kafkaContainer"]["securityContext"]["runAsNonRot"] = True


def _take_an_old_version(cluster: dict[str, Any]) -> None:
    cluster["apiVersion"] = "kafka.strimzi.io/v1beta2"


def _name_no_listener_type(cluster: dict[str, Any]) -> None:
    cluster["spec"]["kafka"]["listeners"][0]["type"] = "intern"


def test_slips_are_noticed_at_any_depth() -> None:
    slips = {
        _misspell_a_field: "does not know .spec.kafka.listeners[0].authentification",
        _misspell_kubernetes_field: "not know .spec.kafka.template.kafkaContainer.securityContext.runAsNonRot",
        _take_an_old_version: "where Strimzi has kafka.strimzi.io/v1",
        _name_no_listener_type: "cannot take 'intern' for .spec.kafka.listeners[0].type",
    }
    clusters = [copy.deepcopy(dict(only(DEV, "Kafka"))) for _ in slips]
    for slip, cluster in zip(slips, clusters, strict=True):
        slip(cluster)

    found = complaints(clusters)

    assert [complaint in said for complaint, said in zip(slips.values(), found, strict=True)] == [True] * len(slips)


@pytest.mark.parametrize("overlay", [REGISTRY_DEV, REGISTRY_PRODUCTION], ids=lambda path: path.name)
@pytest.mark.parametrize("mtls", [False, True], ids=["scram", "mtls"])
def test_kubernetes_own_schemas_know_every_field_of_the_registry(overlay: Path, mtls: bool, tmp_path: Path) -> None:
    folder = with_component(tmp_path, overlay, STRIMZI / "registry" / "components" / "mtls") if mtls else overlay

    for each in rendered(folder):
        kubernetes_validate.validate(each, "1.37", strict=True)


def test_the_registrys_settings_with_certificates_differ_from_those_with_a_password_in_nothing_else(
    tmp_path: Path,
) -> None:
    folder = with_component(tmp_path, REGISTRY_DEV, STRIMZI / "registry" / "components" / "mtls")
    with_password, with_certificate = (
        set(only(each, "ConfigMap")["data"]["application.properties"].splitlines()) for each in (REGISTRY_DEV, folder)
    )

    changed = {
        line.partition("=")[0].removeprefix("apicurio.kafka.common.") for line in with_password ^ with_certificate
    }

    assert changed == {
        "security.protocol",
        "sasl.mechanism",
        "sasl.jaas.config",
        "ssl.keystore.type",
        "ssl.keystore.location",
        "ssl.keystore.password",
    }


@pytest.mark.parametrize("overlay", [DEV, PRODUCTION], ids=lambda path: path.name)
def test_every_pod_satisfies_pod_security_restricted(overlay: Path) -> None:
    spec = only(overlay, "Kafka")["spec"]
    templates = {
        **spec["kafka"]["template"],
        **spec["entityOperator"]["template"],
        **spec["kafkaExporter"]["template"],
    }
    contexts = {name: each["securityContext"] for name, each in templates.items() if "ontainer" in name}
    assert contexts == dict.fromkeys(
        ("kafkaContainer", "initContainer", "userOperatorContainer", "container"), RESTRICTED
    )

    pod = only(REGISTRY_DEV, "StatefulSet")["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert {**pod["securityContext"], **container["securityContext"]} == {**RESTRICTED, "readOnlyRootFilesystem": True}


def test_the_registrys_replicas_start_in_order_so_that_one_alone_makes_its_topics() -> None:
    registry = only(REGISTRY_PRODUCTION, "StatefulSet")["spec"]

    assert registry["replicas"] > 1
    assert registry["podManagementPolicy"] == "OrderedReady"
    # The next one waits until this one is ready, which it is with its topics and not before.
    assert registry["template"]["spec"]["containers"][0]["readinessProbe"]["httpGet"]["path"] == "/health/ready"


def test_production_outlives_the_loss_of_a_zone() -> None:
    pools = [each["spec"] for each in rendered(PRODUCTION) if each["kind"] == "KafkaNodePool"]
    assert [(each["roles"], each["replicas"]) for each in pools] == [(["broker"], 3), (["controller"], 3)]
    for pool in pools:
        assert [each["type"] for each in pool["storage"]["volumes"]] == ["persistent-claim"]
        spread = pool["template"]["pod"]["topologySpreadConstraints"]
        assert {(each["topologyKey"], each["whenUnsatisfiable"]) for each in spread} == {
            ("topology.kubernetes.io/zone", "DoNotSchedule"),
            ("kubernetes.io/hostname", "DoNotSchedule"),
        }
    kafka = only(PRODUCTION, "Kafka")["spec"]["kafka"]
    assert kafka["rack"]["topologyKey"] == "topology.kubernetes.io/zone"
    copies = {key: value for key, value in kafka["config"].items() if key.endswith("replication.factor")}
    in_sync = {key: value for key, value in kafka["config"].items() if key.endswith(("min.isr", "insync.replicas"))}
    assert (set(copies.values()), len(copies)) == ({3}, 4)
    assert (set(in_sync.values()), len(in_sync)) == ({2}, 3)


@pytest.mark.parametrize("overlay", [DEV, PRODUCTION], ids=lambda path: path.name)
def test_nothing_is_open_and_nobody_but_our_operator_keeps_topics(overlay: Path) -> None:
    spec = only(overlay, "Kafka")["spec"]

    assert [(each["tls"], each["authentication"]) for each in spec["kafka"]["listeners"]] == [
        (True, {"type": "scram-sha-512"})
    ]
    assert spec["kafka"]["authorization"] == {"type": "simple"}
    assert spec["kafka"]["config"]["auto.create.topics.enable"] is False
    assert "topicOperator" not in spec["entityOperator"]


def test_no_rule_is_for_everything_and_prefixes_end_where_a_name_is_made_up_behind_them() -> None:
    rules = [rule for user in kafka_users().values() for rule in user["spec"]["authorization"]["acls"]]

    assert not [rule for rule in rules if "*" in rule["resource"]["name"] or "All" in rule["operations"]]
    prefixes = {rule["resource"]["name"] for rule in rules if rule["resource"]["patternType"] == "prefix"}
    assert prefixes == {"apicurio-", "zone-worker-"}


def test_the_rules_are_for_the_topics_and_the_group_that_the_definitions_and_the_chart_name() -> None:
    values = yaml.safe_load((ROOT / "deploy" / "helm" / "heartzone" / "values.yaml").read_text())
    in_chart = {each["name"] for each in values["topics"].values() if isinstance(each, dict)}
    in_definitions = {each.topic for each in load_event_topics([TOPICS]).desired()}
    resources = [
        rule["resource"]
        for name, user in kafka_users().items()
        if name != "heartzone-registry"
        for rule in user["spec"]["authorization"]["acls"]
    ]

    assert {each["name"] for each in resources if each["type"] == "topic"} == in_definitions == in_chart
    assert {each["name"] for each in resources if each["type"] == "group"} == {values["zoneWorker"]["groupId"]}
    assert {each["name"] for each in resources if each["type"] == "transactionalId"} == {
        f"{values['zoneWorker']['groupId']}-"
    }


def test_the_versions_are_those_that_the_tests_run_on() -> None:
    kafka = only(PRODUCTION, "Kafka")["spec"]["kafka"]
    (container,) = only(REGISTRY_PRODUCTION, "StatefulSet")["spec"]["template"]["spec"]["containers"]

    assert kafka["version"] == read_lock(KAFKA_LOCK).version
    assert kafka["metadataVersion"].startswith(kafka["version"].rpartition(".")[0])
    assert container["image"].rpartition(":")[2] == read_lock(REGISTRY_LOCK).version


def test_prometheus_operator_finds_pods_by_labels_that_they_have(tmp_path: Path) -> None:
    objects = rendered(with_component(tmp_path, DEV, STRIMZI / "components" / "monitoring"))
    monitors = {each["metadata"]["name"]: each for each in objects if each["kind"] == "PodMonitor"}

    assert {each["metadata"]["labels"]["release"] for each in monitors.values()} == {"kube-prometheus-stack"}
    pod = only(REGISTRY_DEV, "StatefulSet")["spec"]["template"]
    registry = monitors["heartzone-registry"]["spec"]
    assert registry["selector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
    ports = {each["name"] for each in pod["spec"]["containers"][0]["ports"]}
    assert {each["port"] for each in registry["podMetricsEndpoints"]} <= ports
