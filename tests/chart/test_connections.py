"""The services accept the settings that the chart renders: variables and files are read as the services do."""

import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from confluent_kafka import Producer

from heartzone_operator.settings import OperatorSettings
from heartzone_producer.settings import ProducerSettings
from heartzone_testing.chart.rendering import HelmTemplate, Rendered, at
from heartzone_testing.checkout import CHART, ROOT
from heartzone_zone_worker.settings import WorkerSettings
from service_chassis.schema_registry import SchemaRegistry
from service_chassis.settings import ServiceSettings, load

CI = CHART / "ci"
SERVICES: Mapping[str, type[ServiceSettings]] = {
    "producer": ProducerSettings,
    "zone-worker": WorkerSettings,
    "operator": OperatorSettings,
}
# As Strimzi and `kubectl create secret` make them.
SCRAM_USER = {"password": "scram-password", "sasl.jaas.config": "not for us"}
TLS_USER = {
    "ca.crt": "the clients' CA",
    "user.crt": "certificate",
    "user.key": "key",
    "user.p12": "",
    "user.password": "",
}
API_KEY = {"key": "api-key", "secret": "api-secret"}
SECRETS = {
    "heartzone-cluster-ca-cert": {"ca.crt": "the cluster's CA"},
    "kafka-api-key": API_KEY,
    "registry-api-key": API_KEY,
    "registry-ca": {"ca.crt": "the registry's CA"},
    "registry-reader": {"username": "reader", "password": "reader-password"},
    "registry-writer": {"username": "writer", "password": "writer-password"},
    "client": {"client-id": "heartzone", "client-secret": "client-secret"},
    "keycloak-ca": {"ca.crt": "the issuer's CA"},
    "registry-client": {"tls.crt": "certificate", "tls.key": "key"},
    "registry-token": {"token": "registry-token"},
    "user": {"username": "user", "password": "user-password"},
}


VALUES_OF_THE_PAGE = [
    yaml.safe_load(block)
    for block in re.findall(
        r"```yaml\n(# my-values.yaml\n.*?)```", (ROOT / "docs" / "kubernetes.md").read_text(), re.DOTALL
    )
]


def read(rendered: Rendered, component: str, secrets: Mapping[str, Mapping[str, str]], folder: Path) -> ServiceSettings:
    """The settings of a service in a pod, whose files are in a folder of this machine."""
    spec = rendered.pod(component)
    (container,) = spec["containers"]
    _write_files(spec, secrets, folder)
    variables: dict[str, str] = dict(rendered.one("ConfigMap", "heartzone-settings")["data"])
    for each in container.get("env", []):
        variables[each["name"]] = _value(each, variables, secrets)
    return load(
        SERVICES[component], {name: text.replace("/etc/heartzone", str(folder)) for name, text in variables.items()}
    )


def _value(variable: Mapping[str, Any], before: Mapping[str, str], secrets: Mapping[str, Mapping[str, str]]) -> str:
    if "valueFrom" in variable:
        reference = variable["valueFrom"]["secretKeyRef"]
        return secrets[reference["name"]][reference["key"]]
    text: str = variable["value"]
    for name, value in before.items():
        text = text.replace(f"$({name})", value)
    return text


def _write_files(spec: Mapping[str, Any], secrets: Mapping[str, Mapping[str, str]], folder: Path) -> None:
    for source in (source for volume in spec.get("volumes", []) for source in volume["projected"]["sources"]):
        for item in source["secret"]["items"]:
            file = folder / item["path"]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(secrets[source["secret"]["name"]][item["key"]])


@pytest.mark.parametrize("component", SERVICES)
def test_a_kafka_that_asks_for_nothing(helm: HelmTemplate, tmp_path: Path, component: str) -> None:
    settings = read(helm(CI / "minimal-values.yaml"), component, {}, tmp_path)

    assert settings.kafka.admin() == {"bootstrap.servers": "kafka:9092", "security.protocol": "plaintext"}
    assert settings.schema_registry.client_config() == {"url": "http://registry:8081"}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("component", SERVICES)
def test_a_kafka_user_of_strimzi_with_a_password(helm: HelmTemplate, tmp_path: Path, component: str) -> None:
    rendered = helm(CI / "strimzi-scram-values.yaml")
    settings = read(rendered, component, SECRETS | {f"heartzone-{component}": SCRAM_USER}, tmp_path)

    assert settings.kafka.admin() == {
        "bootstrap.servers": "heartzone-kafka-bootstrap:9093",
        "security.protocol": "sasl_ssl",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": f"heartzone-{component}",
        "sasl.password": "scram-password",
        "ssl.ca.location": f"{tmp_path}/kafka/ca.crt",
    }
    assert (tmp_path / "kafka" / "ca.crt").read_text() == "the cluster's CA"


@pytest.mark.parametrize("component", SERVICES)
def test_a_kafka_user_of_strimzi_with_a_certificate(helm: HelmTemplate, tmp_path: Path, component: str) -> None:
    rendered = helm(CI / "strimzi-mtls-values.yaml")
    settings = read(rendered, component, SECRETS | {f"heartzone-{component}": TLS_USER}, tmp_path)

    assert settings.kafka.admin() == {
        "bootstrap.servers": "heartzone-kafka-bootstrap:9093",
        "security.protocol": "ssl",
        "ssl.ca.location": f"{tmp_path}/kafka/ca.crt",
        "ssl.certificate.location": f"{tmp_path}/kafka/user.crt",
        "ssl.key.location": f"{tmp_path}/kafka/user.key",
    }
    assert (tmp_path / "kafka" / "ca.crt").read_text() == "the cluster's CA", "not the clients', in the user's Secret"
    assert (tmp_path / "kafka" / "user.key").read_text() == "key"


@pytest.mark.parametrize("component", SERVICES)
def test_api_keys_of_confluent_cloud(helm: HelmTemplate, tmp_path: Path, component: str) -> None:
    settings = read(helm(CI / "confluent-cloud-values.yaml"), component, SECRETS, tmp_path)

    assert settings.kafka.admin() == {
        "bootstrap.servers": "pkc-12345.eu-central-1.aws.confluent.cloud:9092",
        "security.protocol": "sasl_ssl",
        "sasl.mechanism": "PLAIN",
        "sasl.username": "api-key",
        "sasl.password": "api-secret",
        "client.dns.lookup": "use_all_dns_ips",
    }
    assert settings.kafka.consumer()["session.timeout.ms"] == "45000"
    assert settings.schema_registry.client_config() == {
        "url": "https://psrc-12345.eu-central-1.aws.confluent.cloud",
        "basic.auth.user.info": "api-key:api-secret",
    }


def test_a_registry_with_users_of_its_own(helm: HelmTemplate, tmp_path: Path) -> None:
    rendered = helm(CI / "narrow-network-values.yaml")
    users = {
        component: read(rendered, component, SECRETS, tmp_path).schema_registry.client_config()
        for component in SERVICES
    }

    assert users["producer"] == users["zone-worker"]
    assert users["producer"]["basic.auth.user.info"] == "reader:reader-password"
    assert users["operator"] == {
        "url": "https://registry.kafka",
        "basic.auth.user.info": "writer:writer-password",
        "ssl.ca.location": f"{tmp_path}/schema-registry/ca.crt",
        "timeout": 5.0,
    }


@pytest.mark.parametrize("component", SERVICES)
def test_tokens_of_an_openid_provider(helm: HelmTemplate, tmp_path: Path, component: str) -> None:
    settings = read(helm(CI / "oauthbearer-values.yaml"), component, SECRETS, tmp_path)

    assert settings.kafka.admin() == {
        "bootstrap.servers": "kafka:9094",
        "security.protocol": "sasl_ssl",
        "sasl.mechanism": "OAUTHBEARER",
        "sasl.oauthbearer.method": "oidc",
        "sasl.oauthbearer.token.endpoint.url": "https://keycloak/token",
        "sasl.oauthbearer.scope": "kafka",
        "sasl.oauthbearer.client.id": "heartzone",
        "sasl.oauthbearer.client.secret": "client-secret",
        "https.ca.location": f"{tmp_path}/kafka/issuer-ca.crt",
    }
    assert settings.schema_registry.client_config() == {
        "url": "https://registry",
        "bearer.auth.credentials.source": "STATIC_TOKEN",
        "bearer.auth.logical.cluster": "",
        "bearer.auth.token": "registry-token",
    }
    Producer(settings.kafka.producer() | {"ssl.ca.location": "probe", "https.ca.location": ""})
    SchemaRegistry(settings.schema_registry.client_config()).close()


@pytest.mark.parametrize("component", SERVICES)
def test_tokens_of_azure_for_the_identity_of_the_pods(helm: HelmTemplate, tmp_path: Path, component: str) -> None:
    settings = read(helm(CI / "azure-values.yaml"), component, SECRETS, tmp_path)

    assert settings.kafka.admin() == {
        "bootstrap.servers": "shop.servicebus.windows.net:9093",
        "security.protocol": "sasl_ssl",
        "sasl.mechanism": "OAUTHBEARER",
        "sasl.oauthbearer.method": "oidc",
        "sasl.oauthbearer.metadata.authentication.type": "azure_imds",
        "sasl.oauthbearer.config": "query=api-version=2018-02-01&resource=https://shop.servicebus.windows.net&client_id=1",
    }


@pytest.mark.parametrize("values", VALUES_OF_THE_PAGE, ids=lambda values: values["kafka"]["bootstrapServers"])
def test_the_values_of_docs_kubernetes_md_are_accepted_by_every_service(
    helm: HelmTemplate, tmp_path: Path, values: dict[str, Any]
) -> None:
    rendered, secrets = helm(values), defaultdict[str, dict[str, str]](lambda: defaultdict(lambda: "a secret"))

    for component in SERVICES:
        settings = read(rendered, component, secrets, tmp_path / component)
        assert settings.kafka.admin()["bootstrap.servers"] == values["kafka"]["bootstrapServers"]


@pytest.mark.parametrize("component", SERVICES)
def test_tokens_of_an_openid_provider_for_the_registry(helm: HelmTemplate, tmp_path: Path, component: str) -> None:
    registry = {
        "type": "oauthbearer",
        "existingSecret": "client",
        "oauth": {"tokenEndpointUrl": "https://keycloak/token", "scope": "registry"},
    }
    rendered = helm(CI / "oauthbearer-values.yaml", at("schemaRegistry.auth", registry))
    config = read(rendered, component, SECRETS, tmp_path).schema_registry.client_config()

    assert config == {
        "url": "https://registry",
        "bearer.auth.credentials.source": "OAUTHBEARER",
        "bearer.auth.logical.cluster": "",
        "bearer.auth.issuer.endpoint.url": "https://keycloak/token",
        "bearer.auth.scope": "registry",
        "bearer.auth.client.id": "heartzone",
        "bearer.auth.client.secret": "client-secret",
    }
    SchemaRegistry(config).close()


@pytest.mark.parametrize("component", SERVICES)
def test_scram_with_the_shorter_hash_and_a_registry_that_asks_for_a_certificate(
    helm: HelmTemplate, tmp_path: Path, component: str
) -> None:
    values = (
        at("kafka.auth", {"type": "scram-sha-256", "existingSecret": "user", "usernameKey": "username"}),
        at("schemaRegistry.auth", {"type": "tls", "existingSecret": "registry-client"}),
        at("schemaRegistry.url", "https://registry"),
    )
    settings = read(
        helm(CI / "minimal-values.yaml", at("kafka.tls.enabled", True), *values), component, SECRETS, tmp_path
    )

    assert settings.kafka.admin()["sasl.mechanism"] == "SCRAM-SHA-256"
    assert settings.kafka.admin()["sasl.username"] == "user"
    assert settings.schema_registry.client_config() == {
        "url": "https://registry",
        "ssl.certificate.location": f"{tmp_path}/schema-registry/user.crt",
        "ssl.key.location": f"{tmp_path}/schema-registry/user.key",
    }


@pytest.mark.parametrize("values", sorted(CI.glob("*-values.yaml")), ids=lambda path: path.stem)
def test_no_secret_is_a_variable_which_would_stay_as_it_was_for_as_long_as_the_container_runs(
    helm: HelmTemplate, values: Path
) -> None:
    for component, template in helm(values).pod_templates():
        for container in template["spec"]["containers"]:
            variables = [each["name"] for each in container.get("env", []) if "secretKeyRef" in str(each)]
            assert variables == [], component


def test_settings_of_one_service_are_that_one_s(helm: HelmTemplate, tmp_path: Path) -> None:
    rendered = helm(CI / "public-values.yaml")
    producer = read(rendered, "producer", {}, tmp_path)

    assert isinstance(producer, ProducerSettings)
    assert (producer.http_max_requests, producer.http_request_timeout) == (1_000_000, 7.5)
    assert producer.log_level == "warning"
    assert {each["name"] for each in rendered.pod("zone-worker")["containers"][0]["env"]} == {"HEARTZONE_GROUP_ID"}


def test_topics_and_group_reach_the_worker(helm: HelmTemplate, tmp_path: Path) -> None:
    values = (
        at("topics.zones.name", "zones"),
        at("topics.deadLetters.name", "dead"),
        at("zoneWorker.groupId", "group"),
    )
    worker = read(helm(CI / "minimal-values.yaml", *values), "zone-worker", {}, tmp_path)

    assert isinstance(worker, WorkerSettings)
    assert (worker.topic.zones, worker.topic.dead_letters, worker.group_id) == ("zones", "dead", "group")
    assert worker.topic.raw == "RawBiometricsImported"


@pytest.mark.parametrize(
    ("values", "groups"),
    [
        ((at("zoneWorker.groupId", "group"), at("topics.biometrics.name", "readings")), (("group", "readings"),)),
        (
            (at("operator.env.HEARTZONE_GROUP_LAG_GROUPS", "zone-worker,coaches=HeartRateZoneReached"),),
            (("zone-worker", "BiometricsImported"), ("coaches", "HeartRateZoneReached")),
        ),
    ],
)
def test_the_operator_observes_the_lag_of_the_workers_group_unless_it_is_told_others(
    helm: HelmTemplate, tmp_path: Path, values: tuple[Any, ...], groups: tuple[tuple[str, str], ...]
) -> None:
    operator = read(helm(CI / "some-namespaces-values.yaml", *values), "operator", {}, tmp_path)

    assert isinstance(operator, OperatorSettings)
    assert operator.observed_groups == groups


def test_namespaces_reach_the_operator(helm: HelmTemplate, tmp_path: Path) -> None:
    some = read(helm(CI / "some-namespaces-values.yaml"), "operator", {}, tmp_path)
    everywhere = read(helm(CI / "all-namespaces-values.yaml"), "operator", {}, tmp_path)

    assert isinstance(some, OperatorSettings)
    assert isinstance(everywhere, OperatorSettings)
    assert some.namespaces("heartzone") == ("heartzone", "orders")
    assert (some.lease_namespace, some.resync_interval) == ("leases", 30)
    assert everywhere.is_clusterwide


def test_keda_connects_to_kafka_as_the_worker_does(helm: HelmTemplate) -> None:
    scram = helm(CI / "keda-values.yaml").one("TriggerAuthentication")["spec"]
    certificate = helm(CI / "keda-mtls-values.yaml").one("TriggerAuthentication")["spec"]

    assert scram == {
        "secretTargetRef": [
            {"parameter": "ca", "name": "heartzone-cluster-ca-cert", "key": "ca.crt"},
            {"parameter": "password", "name": "heartzone-zone-worker", "key": "password"},
        ],
        "env": [{"parameter": "username", "name": "HEARTZONE_KAFKA_SASL_USERNAME", "containerName": "zone-worker"}],
    }
    assert certificate == {
        "secretTargetRef": [
            {"parameter": "ca", "name": "heartzone-cluster-ca-cert", "key": "ca.crt"},
            {"parameter": "cert", "name": "everybody", "key": "user.crt"},
            {"parameter": "key", "name": "everybody", "key": "user.key"},
        ]
    }


@pytest.mark.parametrize(
    ("type_", "keda"),
    [("scram-sha-256", "scram_sha256"), ("scram-sha-512", "scram_sha512"), ("plain", "plaintext")],
)
def test_keda_connects_by_the_mechanism_of_the_worker(helm: HelmTemplate, type_: str, keda: str) -> None:
    rendered = helm(CI / "keda-values.yaml", at("kafka.auth.type", type_))
    kafka = next(each for each in rendered.one("ScaledObject")["spec"]["triggers"] if each["type"] == "kafka")

    assert kafka["metadata"]["sasl"] == keda
    credentials = rendered.one("TriggerAuthentication")["spec"]
    parameters = {each["parameter"] for each in (*credentials["secretTargetRef"], *credentials.get("env", []))}
    assert parameters == {"ca", "username", "password"}


def test_keda_asks_for_tokens_as_the_worker_does(helm: HelmTemplate) -> None:
    keda = at("zoneWorker.keda", {"enabled": True, "prometheus": {"serverAddress": "http://prometheus"}})
    rendered = helm(CI / "oauthbearer-values.yaml", keda)
    kafka = next(each for each in rendered.one("ScaledObject")["spec"]["triggers"] if each["type"] == "kafka")
    container = {"containerName": "zone-worker"}

    assert kafka["metadata"]["sasl"] == "oauthbearer"
    assert rendered.one("TriggerAuthentication")["spec"] == {
        "secretTargetRef": [
            {"parameter": "username", "name": "client", "key": "client-id"},
            {"parameter": "password", "name": "client", "key": "client-secret"},
        ],
        "env": [
            {
                "parameter": "oauthTokenEndpointUri",
                "name": "HEARTZONE_KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL",
                **container,
            },
            {"parameter": "scopes", "name": "HEARTZONE_KAFKA_SASL_OAUTHBEARER_SCOPE", **container},
        ],
    }
    settings = rendered.one("ConfigMap", "heartzone-settings")["data"]
    assert {each["name"] for each in rendered.one("TriggerAuthentication")["spec"]["env"]} <= settings.keys()


def test_secrets_are_readable_by_the_pod_s_group_alone(helm: HelmTemplate) -> None:
    for component in (*SERVICES, "test"):
        spec = helm(CI / "strimzi-scram-values.yaml").pod(component)
        volume = next(each["projected"] for each in spec["volumes"] if each["name"] == "secrets")
        mount = next(each for each in spec["containers"][0]["volumeMounts"] if each["name"] == "secrets")

        assert volume["defaultMode"] == 0o440
        assert spec["securityContext"]["fsGroup"] == 65532
        assert mount["readOnly"]


def test_a_change_of_the_settings_starts_pods_anew(helm: HelmTemplate) -> None:
    before, after = (
        {
            component: template["metadata"].get("annotations", {}).get("checksum/settings")
            for component, template in helm(CI / "minimal-values.yaml", at("log.level", level)).pod_templates()
        }
        for level in ("info", "debug")
    )

    assert all(before[component] != after[component] for component in SERVICES)
