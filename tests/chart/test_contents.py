"""The chart's contents beside workloads: topics, dashboards, alerts, routes, and the notes after an installation."""

import re
from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from heartzone_testing.chart.rendering import HelmTemplate, at, component_of
from heartzone_testing.checkout import CHART, ROOT

CI = CHART / "ci"
MINIMAL = CI / "minimal-values.yaml"
TOPICS = ROOT / "schemas" / "topics"


def test_topics_are_those_of_the_product_s_definitions(helm: HelmTemplate) -> None:
    defined = {
        f"heartzone-{topic['metadata']['name']}": topic["spec"]
        for topic in (yaml.safe_load(path.read_text()) for path in TOPICS.glob("*.yaml"))
    }
    rendered = {each["metadata"]["name"]: each["spec"] for each in helm(MINIMAL).of_kind("EventTopic")}

    assert {name: _stripped(spec) for name, spec in rendered.items()} == {
        name: _stripped(spec) for name, spec in defined.items()
    }


def test_a_topic_is_as_its_values_say(helm: HelmTemplate) -> None:
    values = {"name": "readings", "partitions": 24, "replicas": 3, "config": {"retention.ms": "1000"}}
    topic = helm(MINIMAL, at("topics.biometrics", values)).one("EventTopic", "heartzone-biometrics-imported")["spec"]

    assert topic.pop("valueSchema")["compatibility"] == "BACKWARD"
    assert topic == {
        "topicName": "readings",
        "partitions": 24,
        "partitionsPolicy": "AtLeast",
        "replicas": 3,
        "config": {"retention.ms": "1000"},
    }


def test_topics_may_be_somebody_else_s_business(helm: HelmTemplate) -> None:
    assert not helm(MINIMAL, at("topics.create", False)).has("EventTopic")


def test_the_definition_is_brought_up_to_date_before_an_upgrade_and_never_deleted(helm: HelmTemplate) -> None:
    annotations = helm(MINIMAL).one("CustomResourceDefinition")["metadata"]["annotations"]

    assert annotations == {
        "helm.sh/hook": "pre-upgrade",
        "helm.sh/resource-policy": "keep",
        # Argo CD takes it from crds/, and would delete a hook before it creates it again.
        "argocd.argoproj.io/hook": "Skip",
    }


def test_a_command_of_the_documentation_that_names_an_event_topic_names_one_of_the_chart(helm: HelmTemplate) -> None:
    names = {each["metadata"]["name"] for each in helm(MINIMAL).of_kind("EventTopic")}
    text = "".join(path.read_text() for path in (ROOT / "docs").rglob("*.md"))
    named = re.findall(r"describe eventtopic ([a-z]\S*)", text)

    assert named
    assert set(named) <= names


def test_a_pod_is_all_that_helm_test_makes_so_that_its_log_is_printed_once(helm: HelmTemplate) -> None:
    hooks = [
        each
        for each in helm(MINIMAL).manifests
        if each["metadata"].get("annotations", {}).get("helm.sh/hook") == "test"
    ]

    assert [each["kind"] for each in hooks] == ["Pod"]


def test_every_dashboard_is_a_config_map_that_grafana_s_sidecar_finds(helm: HelmTemplate) -> None:
    files = {path.name: path.read_text() for path in (CHART / "files" / "dashboards").glob("*.json")}
    maps = [
        each
        for each in helm(CI / "monitored-values.yaml").of_kind("ConfigMap")
        if each["metadata"]["labels"].get("grafana_dashboard") == "1"
    ]

    assert {name: text for each in maps for name, text in each["data"].items()} == files
    assert {each["metadata"]["namespace"] for each in maps} == {"monitoring"}
    assert all(each["metadata"]["annotations"] == {"grafana_folder": "heartzone"} for each in maps)


def test_alerts_are_those_of_the_files(helm: HelmTemplate) -> None:
    rule = helm(CI / "monitored-values.yaml").one("PrometheusRule")
    files = sorted((CHART / "files" / "rules").glob("*.yaml"))

    assert rule["spec"]["groups"] == [group for file in files for group in yaml.safe_load(file.read_text())["groups"]]
    assert rule["metadata"]["labels"]["release"] == "monitoring"


def test_alerts_lead_to_runbooks_of_one_s_own(helm: HelmTemplate) -> None:
    elsewhere = at("monitoring.rules.runbookUrl", "https://wiki.example.org/heartzone")
    [group] = helm(CI / "monitored-values.yaml", elsewhere).one("PrometheusRule")["spec"]["groups"]

    links = {rule["alert"]: rule["annotations"]["runbook_url"] for rule in group["rules"] if "alert" in rule}
    assert links == {alert: f"https://wiki.example.org/heartzone/{alert}" for alert in links}
    assert links


def test_a_pod_monitor_scrapes_every_service_under_its_own_job(helm: HelmTemplate) -> None:
    rendered = helm(CI / "monitored-values.yaml")
    monitor = rendered.one("PodMonitor")

    assert monitor["metadata"]["labels"]["release"] == "monitoring"
    assert monitor["spec"]["jobLabel"] == "app.kubernetes.io/component"
    assert monitor["spec"]["podMetricsEndpoints"] == [
        {"port": "management", "path": "/metrics", "interval": "15s", "scrapeTimeout": "10s"}
    ]
    wanted = monitor["spec"]["selector"]["matchLabels"].items()
    assert all(wanted <= template["metadata"]["labels"].items() for _, template in rendered.pod_templates())


def test_a_service_monitor_has_services_of_its_own(helm: HelmTemplate) -> None:
    rendered = helm(CI / "service-monitor-values.yaml")
    wanted = rendered.one("ServiceMonitor")["spec"]["selector"]["matchLabels"].items()
    found = [each for each in rendered.of_kind("Service") if wanted <= each["metadata"]["labels"].items()]

    assert {component_of(each) for each in found} == {"producer", "zone-worker", "operator", "audit"}
    assert all(each["spec"]["ports"][0]["port"] == 9090 for each in found)


def test_clients_do_not_find_the_management_port(helm: HelmTemplate) -> None:
    ports = helm(MINIMAL).one("Service", "heartzone-producer")["spec"]["ports"]

    assert ports == [{"name": "http", "port": 80, "targetPort": "http", "appProtocol": "http"}]


def test_an_ingress_leads_to_the_api(helm: HelmTemplate) -> None:
    ingress = helm(CI / "public-values.yaml").one("Ingress")["spec"]
    paths = {rule["host"]: rule["http"]["paths"][0] for rule in ingress["rules"]}

    assert {host: path["path"] for host, path in paths.items()} == {"api.example.org": "/", "example.org": "/api"}
    assert all(
        path["backend"]["service"] == {"name": "heartzone-producer", "port": {"name": "http"}}
        for path in paths.values()
    )


def test_a_route_leads_to_the_api(helm: HelmTemplate) -> None:
    route = helm(CI / "gateway-values.yaml").one("HTTPRoute")["spec"]

    assert route["rules"] == [{"backendRefs": [{"name": "heartzone-producer", "port": 8000}]}]
    assert route["hostnames"] == ["api.example.org"]


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (
            {},
            [
                "kubectl --namespace heartzone wait --for=condition=Ready eventtopic --all",
                "helm test heartzone --namespace heartzone --logs",
                "port-forward service/heartzone-producer 8080:80",
            ],
        ),
        (at("operator.enabled", False), ["need an operator that serves this namespace"]),
        (at("topics.create", False), ["its topics and schemas must exist"]),
        (
            at("producer.ingress", {"enabled": True, "hosts": [{"host": "api.example.org"}]}),
            ["http://api.example.org/docs"],
        ),
    ],
    ids=["by default", "without an operator", "without topics", "with an Ingress"],
)
def test_the_notes_have_the_next_commands(helm: HelmTemplate, values: dict[str, Any], says: list[str]) -> None:
    notes = helm.notes(MINIMAL, values)

    for sentence in says:
        assert sentence in notes


def _stripped(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The schema's text without blanks at its ends."""
    result = dict(spec)
    if "valueSchema" in result:
        schema = result["valueSchema"]
        result["valueSchema"] = {**schema, "schema": schema["schema"].strip()}
    return result
