"""Start, stop, scaling, spreading and isolation of pods."""

from typing import Any

import pytest
import yaml

from heartzone_operator.model.label_selector import LabelSelector
from heartzone_producer.api.server import SHUTDOWN_GRACE_SECONDS
from heartzone_testing.chart.rendering import HelmTemplate, at
from heartzone_testing.checkout import CHART, RBAC

CI = CHART / "ci"
MINIMAL = CI / "minimal-values.yaml"
SERVICES = ("producer", "zone-worker", "operator")


def test_a_producer_leaves_the_service_before_it_stops_and_has_the_time_it_takes(helm: HelmTemplate) -> None:
    spec = helm(MINIMAL).pod("producer")
    sleep = spec["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]

    assert sleep == 5
    assert spec["terminationGracePeriodSeconds"] > sleep + SHUTDOWN_GRACE_SECONDS + 3


def test_a_rollout_of_the_producer_never_has_fewer_pods(helm: HelmTemplate) -> None:
    strategy = helm(MINIMAL).one("Deployment", "heartzone-producer")["spec"]["strategy"]

    assert strategy == {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": "25%"}}


def test_without_a_sleep_there_is_no_hook(helm: HelmTemplate) -> None:
    spec = helm(MINIMAL, at("producer.preStopSleepSeconds", 0)).pod("producer")

    assert "lifecycle" not in spec["containers"][0]


def test_workers_have_stable_names_and_do_not_wait_for_each_other(helm: HelmTemplate) -> None:
    rendered = helm(MINIMAL)
    worker = rendered.one("StatefulSet")["spec"]

    assert worker["podManagementPolicy"] == "Parallel"
    assert worker["serviceName"] == "heartzone-zone-worker"
    assert rendered.one("Service", "heartzone-zone-worker")["spec"]["clusterIP"] == "None"
    assert rendered.pod("zone-worker")["terminationGracePeriodSeconds"] == 60


def test_there_is_one_operator_at_a_time(helm: HelmTemplate) -> None:
    operator = helm(MINIMAL).one("Deployment", "heartzone-operator")["spec"]

    assert (operator["replicas"], operator["strategy"]) == (1, {"type": "Recreate"})


def test_with_a_standby_the_operator_is_replaced_one_pod_after_the_other(helm: HelmTemplate) -> None:
    operator = helm(MINIMAL, at("operator.replicas", 2)).one("Deployment", "heartzone-operator")["spec"]

    assert (operator["replicas"], operator["strategy"]) == (2, {"type": "RollingUpdate"})


@pytest.mark.parametrize("component", SERVICES)
def test_probes_ask_the_management_port(helm: HelmTemplate, component: str) -> None:
    (container,) = helm(MINIMAL).pod(component)["containers"]

    assert {"name": "management", "containerPort": 9090} in container["ports"]
    assert container["startupProbe"]["httpGet"] == {"path": "/livez", "port": "management"}
    assert container["livenessProbe"]["httpGet"] == {"path": "/livez", "port": "management"}
    assert container["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "management"}


@pytest.mark.parametrize("file", sorted(CI.iterdir()), ids=lambda path: path.name.removesuffix("-values.yaml"))
def test_only_the_operator_has_a_token(helm: HelmTemplate, file: Any) -> None:
    rendered = helm(file)
    mounted = {component: spec["spec"]["automountServiceAccountToken"] for component, spec in rendered.pod_templates()}

    assert mounted == {component: component == "operator" for component in mounted}
    assert not any(each["automountServiceAccountToken"] for each in rendered.of_kind("ServiceAccount"))


def test_a_service_s_pods_are_spread_over_zones_and_nodes(helm: HelmTemplate) -> None:
    rendered = helm(MINIMAL)
    for component in ("producer", "zone-worker"):
        constraints = rendered.pod(component)["topologySpreadConstraints"]
        assert [each["topologyKey"] for each in constraints] == [
            "topology.kubernetes.io/zone",
            "kubernetes.io/hostname",
        ]
        for each in constraints:
            assert each["labelSelector"]["matchLabels"]["app.kubernetes.io/component"] == component
    # A rollout's new pods are spread by themselves; a StatefulSet replaces its pods where they are.
    assert rendered.pod("producer")["topologySpreadConstraints"][0]["matchLabelKeys"] == ["pod-template-hash"]


def test_a_label_selector_of_one_s_own_stays(helm: HelmTemplate) -> None:
    own = {
        "topologyKey": "rack",
        "maxSkew": 1,
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"a": "b"}},
    }
    spec = helm(MINIMAL, at("producer.topologySpreadConstraints", [own])).pod("producer")

    assert spec["topologySpreadConstraints"][0]["labelSelector"]["matchLabels"]["a"] == "b"
    assert "matchLabelKeys" not in spec["topologySpreadConstraints"][0]


@pytest.mark.parametrize(
    ("values", "budgets"),
    [
        ({}, {"heartzone-producer", "heartzone-zone-worker"}),
        (at("producer.replicas", 1), {"heartzone-zone-worker"}),
        (at("zoneWorker.podDisruptionBudget.enabled", False), {"heartzone-producer"}),
        (at("producer.autoscaling", {"enabled": True, "minReplicas": 1}), {"heartzone-zone-worker"}),
    ],
    ids=["two of each", "one producer", "turned off", "an autoscaler that goes down to one"],
)
def test_a_drain_takes_one_pod_at_a_time_where_there_are_more(
    helm: HelmTemplate, values: dict[str, Any], budgets: set[str]
) -> None:
    rendered = helm(MINIMAL, values).of_kind("PodDisruptionBudget")

    assert {each["metadata"]["name"] for each in rendered} == budgets
    assert all(each["spec"]["maxUnavailable"] == 1 for each in rendered)


def test_the_operator_has_no_budget_that_could_block_a_drain(helm: HelmTemplate) -> None:
    budgets = helm(MINIMAL).of_kind("PodDisruptionBudget")

    assert all("operator" not in each["metadata"]["name"] for each in budgets)


def test_an_autoscaler_is_the_only_one_who_says_how_many(helm: HelmTemplate) -> None:
    public, keda, neither = (helm(CI / f"{name}-values.yaml") for name in ("public", "keda", "minimal"))

    assert public.has("HorizontalPodAutoscaler")
    assert "replicas" not in public.one("Deployment", "heartzone-producer")["spec"]
    assert keda.has("ScaledObject")
    assert not keda.has("HorizontalPodAutoscaler")
    assert "replicas" not in keda.one("StatefulSet")["spec"]
    assert not neither.has("ScaledObject")
    assert not neither.has("HorizontalPodAutoscaler")
    assert neither.one("StatefulSet")["spec"]["replicas"] == 2


def test_keda_starts_the_first_worker_by_kafka_and_further_ones_by_our_metric(helm: HelmTemplate) -> None:
    spec = helm(CI / "keda-values.yaml").one("ScaledObject")["spec"]
    kafka, prometheus = spec["triggers"]

    assert (spec["minReplicaCount"], spec["maxReplicaCount"]) == (0, 12)
    assert spec["scaleTargetRef"]["kind"] == "StatefulSet"
    assert kafka["metadata"]["topic"] == "BiometricsImported"
    assert kafka["metadata"]["activationLagThreshold"] == "12"
    assert kafka["metadata"]["offsetResetPolicy"] == "earliest"
    assert int(kafka["metadata"]["lagThreshold"]) >= 10**12, "or it would scale beyond 1, too"
    assert "heartzone_consumer_lag_records" in prometheus["metadata"]["query"]
    assert 'namespace="heartzone", pod=~"heartzone-zone-worker-[0-9]+"' in prometheus["metadata"]["query"]
    assert prometheus["metadata"]["threshold"] == "1000000"


def test_the_operator_s_role_is_that_of_its_manifest(helm: HelmTemplate) -> None:
    account, role, binding = yaml.safe_load_all(RBAC.read_text())
    rendered = helm(MINIMAL)

    assert rendered.one("Role")["rules"] == role["rules"]
    assert rendered.one("RoleBinding")["roleRef"] == binding["roleRef"]
    assert rendered.one("RoleBinding")["subjects"] == [{**binding["subjects"][0], "namespace": "heartzone"}]
    assert rendered.one("ServiceAccount", "heartzone-operator")["metadata"]["name"] == account["metadata"]["name"]
    assert not rendered.has("ClusterRole")


def test_watching_everything_takes_a_cluster_role_but_the_lease_stays_at_home(helm: HelmTemplate) -> None:
    _, role, _ = yaml.safe_load_all(RBAC.read_text())
    rendered = helm(CI / "all-namespaces-values.yaml")
    at_home = [rule for each in rendered.of_kind("Role") for rule in each["rules"]]
    everywhere = rendered.one("ClusterRole")["rules"]

    assert everywhere[:-1] == role["rules"][: len(everywhere) - 1]
    assert (everywhere[-1]["resources"], everywhere[-1]["verbs"]) == (["leases"], ["list"]), "what others serve"
    assert len(everywhere) - 1 + len(at_home) == len(role["rules"])
    assert {each["metadata"]["namespace"] for each in rendered.of_kind("Role")} == {"heartzone"}
    assert rendered.one("ClusterRoleBinding")["subjects"][0]["namespace"] == "heartzone"


def test_watching_some_namespaces_takes_a_role_in_each(helm: HelmTemplate) -> None:
    rendered = helm(CI / "some-namespaces-values.yaml")
    roles = {each["metadata"]["namespace"]: each["rules"] for each in rendered.of_kind("Role")}

    assert roles.keys() == {"heartzone", "orders", "leases"}
    assert roles["heartzone"] == roles["orders"]
    assert [rule["resources"] for rule in roles["leases"]] == [["leases"]] * 2 + [["configmaps"]] * 2
    assert all(each["subjects"][0]["namespace"] == "heartzone" for each in rendered.of_kind("RoleBinding"))


def test_the_lease_is_at_home_whatever_is_watched(helm: HelmTemplate) -> None:
    """So that no other namespace's deletion ends the operator."""
    rendered = helm(MINIMAL, at("operator.watchNamespaces", ["orders", "billing"]))
    roles = {each["metadata"]["namespace"]: each["rules"] for each in rendered.of_kind("Role")}

    assert roles.keys() == {"heartzone", "orders", "billing"}
    assert ["heartzone-operator"] in [rule.get("resourceNames") for rule in roles["heartzone"]]


def test_an_operator_of_some_labels_has_leases_and_records_of_its_own(helm: HelmTemplate) -> None:
    selector = "tier in (gold, silver)"
    rendered = helm(MINIMAL, at("operator.labelSelector", selector))
    suffix = LabelSelector(selector).suffix
    named = {name for rule in rendered.one("Role")["rules"] for name in rule.get("resourceNames", [])}

    assert named == {
        f"heartzone-operator{suffix}",
        f"heartzone-operator-scope{suffix}",
        *(f"heartzone-operator-topics{suffix}-{number}" for number in range(4)),
    }
    (container,) = rendered.pod("operator")["containers"]
    assert {"name": "HEARTZONE_LABEL_SELECTOR", "value": selector} in container["env"]


def test_whoever_edits_a_namespace_may_edit_its_eventtopics(helm: HelmTemplate) -> None:
    rendered = helm(MINIMAL, at("operator.rbac.aggregate", True))
    aggregated = {
        role: {
            verb
            for each in rendered.of_kind("ClusterRole")
            for rule in each["rules"]
            for verb in rule["verbs"]
            if each["metadata"]["labels"].get(f"rbac.authorization.k8s.io/aggregate-to-{role}") == "true"
        }
        for role in ("view", "edit", "admin")
    }

    assert aggregated["view"] == {"get", "list", "watch"}
    assert aggregated["edit"] == aggregated["admin"] >= {*aggregated["view"], "create", "update", "patch", "delete"}


def test_rights_may_be_somebody_else_s_business(helm: HelmTemplate) -> None:
    rendered = helm(MINIMAL, at("operator.rbac.create", False))

    assert not rendered.has("Role")
    assert not rendered.has("RoleBinding")


def test_there_is_no_audit_unless_it_is_asked_for(helm: HelmTemplate) -> None:
    assert "audit" not in dict(helm(MINIMAL).pod_templates())


def test_an_audit_follows_what_the_workers_process_and_knows_their_settings(helm: HelmTemplate) -> None:
    workers = at("zoneWorker", {"groupId": "zones", "env": {"HEARTZONE_DEDUPLICATION_WINDOW": 30, "HEARTZONE_X": 1}})
    rendered = helm(MINIMAL, at("audit", {"enabled": True, "from": "2h"}), workers)
    spec = rendered.one("Deployment", "heartzone-audit")["spec"]
    (container,) = rendered.pod("audit")["containers"]

    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})
    assert container["args"] == ["audit", "--follow", "--from=2h"]
    assert container["env"] == [
        {"name": "HEARTZONE_GROUP_ID", "value": "zones"},
        {"name": "HEARTZONE_DEDUPLICATION_WINDOW", "value": "30"},
    ]
    assert container["livenessProbe"]["httpGet"] == {"path": "/livez", "port": "management"}
    assert not rendered.has("CronJob")


def test_an_audit_now_and_then_is_a_job_that_fails_with_findings_and_is_not_repeated(helm: HelmTemplate) -> None:
    rendered = helm(CI / "keda-mtls-values.yaml", at("audit.env.HEARTZONE_DEDUPLICATION_WINDOW", 60))
    spec, pod = rendered.one("CronJob")["spec"], rendered.pod("audit")
    (container,) = pod["containers"]

    assert (spec["schedule"], spec["concurrencyPolicy"]) == ("17 3 * * *", "Forbid")
    assert (spec["jobTemplate"]["spec"]["backoffLimit"], pod["restartPolicy"]) == (0, "Never")
    assert container["args"] == ["audit", "--json", "--from=36h"]
    assert not container.keys() & {"ports", "startupProbe", "livenessProbe", "readinessProbe"}
    assert {each["name"]: each["value"] for each in container["env"]}["HEARTZONE_DEDUPLICATION_WINDOW"] == "60"


def test_images_are_named_by_registry_tag_and_digest(helm: HelmTemplate) -> None:
    images = {
        component: helm(CI / "placed-values.yaml").pod(component)["containers"][0]["image"]
        for component in (*SERVICES, "test")
    }
    digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

    assert images == {
        "producer": f"registry.example.org/heart/heartzone-producer@{digest}",
        "zone-worker": "registry.example.org/heart/heartzone-zone-worker:1.2.4",
        "operator": "registry.example.org/heart/heartzone-operator:1.2.3",
        "test": "registry.example.org/heart/heartzone-zone-worker:1.2.4",
    }


def test_a_digest_beside_a_tag_of_the_image_s_own_leaves_both_in_its_name(helm: HelmTemplate) -> None:
    digest = "sha256:" + "0123456789abcdef" * 4
    image = at("zoneWorker.image", {"tag": "1.2.4", "digest": digest})

    assert helm(MINIMAL, image).pod("zone-worker")["containers"][0]["image"] == f"heartzone-zone-worker:1.2.4@{digest}"
