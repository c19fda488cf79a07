"""Values that contradict each other end with a sentence that names them and says what would be right."""

import re
from typing import Any

import pytest

from heartzone_testing.chart.rendering import HelmTemplate, RenderingError, at
from heartzone_testing.checkout import CHART
from heartzone_testing.release.values import merged

MINIMAL = CHART / "ci" / "minimal-values.yaml"
STRIMZI = CHART / "ci" / "strimzi-scram-values.yaml"
TLS = at("kafka.tls.enabled", True)
IDENTITY = {"azureImdsQuery": "api-version=2018-02-01&resource=api://kafka"}

CONTRADICTIONS: dict[str, tuple[dict[str, Any], str]] = {
    "no Kafka": (at("kafka.bootstrapServers", ""), "kafka.bootstrapServers is empty; it takes addresses like"),
    "no registry": (at("schemaRegistry.url", ""), "schemaRegistry.url is empty; it takes an address like"),
    "a CA without TLS": (
        at("kafka.tls.existingSecret", "ca"),
        'kafka.tls.existingSecret is "ca", but kafka.tls.enabled is false',
    ),
    "a certificate without TLS": (
        at("kafka.auth", {"type": "tls", "existingSecret": "user"}),
        "kafka.auth.type is tls, but kafka.tls.enabled is false: a certificate takes TLS",
    ),
    "a password in the clear": (
        at("kafka.auth", {"type": "plain", "existingSecret": "user"}),
        "kafka.auth.type is plain, but kafka.tls.enabled is false: the password would go over the network as it is",
    ),
    "a token in the clear": (
        at("kafka.auth", {"type": "oauthbearer", "existingSecret": "user"}),
        "kafka.auth.type is oauthbearer, but kafka.tls.enabled is false: the token would go over the network as it is",
    ),
    "tokens of nobody": (
        merged(TLS, at("kafka.auth", {"type": "oauthbearer", "existingSecret": "user"})),
        "kafka.auth.type is oauthbearer, but kafka.auth.oauth.tokenEndpointUrl is empty",
    ),
    "a Secret beside an identity": (
        merged(TLS, at("kafka.auth", {"type": "oauthbearer", "existingSecret": "user", "oauth": IDENTITY})),
        'kafka.auth.existingSecret is "user", but kafka.auth.oauth.azureImdsQuery takes the identity of the pods',
    ),
    "KEDA and an identity": (
        merged(
            TLS,
            at("kafka.auth", {"type": "oauthbearer", "oauth": IDENTITY}),
            at("zoneWorker.keda", {"enabled": True, "prometheus": {"serverAddress": "http://p"}}),
        ),
        "KEDA cannot ask Azure for tokens as kafka.auth.oauth.azureImdsQuery does",
    ),
    "tokens for nothing": (
        at(
            "schemaRegistry.auth",
            {"type": "oauthbearer", "existingSecret": "user", "oauth": {"tokenEndpointUrl": "https://issuer/token"}},
        ),
        "schemaRegistry.auth.type is oauthbearer, but schemaRegistry.auth.oauth.scope is empty",
    ),
    "a certificate for the registry without TLS": (
        at("schemaRegistry.auth", {"type": "tls", "existingSecret": "user"}),
        "schemaRegistry.auth.type is tls, but schemaRegistry.url does not start with https://",
    ),
    "a registry's CA without TLS": (
        at("schemaRegistry.tls.existingSecret", "ca"),
        'schemaRegistry.tls.existingSecret is "ca", but schemaRegistry.url does not start with https://',
    ),
    "a Secret for all, of no type": (
        at("kafka.auth.existingSecret", "user"),
        'kafka.auth.existingSecret is "user", but kafka.auth.type is none; say which type',
    ),
    "a Secret for one, of no type": (
        at("operator.kafka.existingSecret", "user"),
        'operator.kafka.existingSecret is "user", but kafka.auth.type is none; say which type',
    ),
    "a service without a Secret": (
        merged(TLS, at("kafka.auth.type", "tls"), at("test.kafka.existingSecret", "test")),
        "operator.kafka.existingSecret is empty, as is kafka.auth.existingSecret; kafka.auth.type tls takes a Secret",
    ),
    "an audit without a Secret": (
        merged(
            TLS,
            at("kafka.auth.type", "tls"),
            at("audit.enabled", True),
            *(
                at(f"{each}.kafka.existingSecret", each.lower())
                for each in ("producer", "zoneWorker", "operator", "test")
            ),
        ),
        "audit.kafka.existingSecret is empty, as is kafka.auth.existingSecret; kafka.auth.type tls takes a Secret",
    ),
    "a setting that has a value of its own": (
        at("producer.env.HEARTZONE_TOPIC_RAW", "raw"),
        "producer.env.HEARTZONE_TOPIC_RAW: use topics.raw.name instead",
    ),
    "a setting that has a value of its own, from elsewhere": (
        at("zoneWorker.extraEnv", [{"name": "HEARTZONE_GROUP_ID", "value": "group"}]),
        "zoneWorker.extraEnv: HEARTZONE_GROUP_ID: use zoneWorker.groupId instead",
    ),
    "a variable in both places": (
        at("operator", {"env": {"HEARTZONE_X": 1}, "extraEnv": [{"name": "HEARTZONE_X", "value": "2"}]}),
        "operator.extraEnv: HEARTZONE_X is named twice, here and in operator.env.HEARTZONE_X; leave one of them",
    ),
    "a variable of the chart's own": (
        at("test.extraEnv", [{"name": "PRODUCER_URL", "value": "http://elsewhere"}]),
        "test.extraEnv: the chart sets PRODUCER_URL itself; choose another name",
    ),
    "a volume of the chart's own": (
        at("test.extraVolumes", [{"name": "script", "emptyDir": {}}]),
        "test.extraVolumes: the name script is taken; choose another one",
    ),
    "a folder of the chart's own": (
        at(
            "producer",
            {
                "extraVolumes": [{"name": "more", "emptyDir": {}}],
                "extraVolumeMounts": [{"name": "more", "mountPath": "/etc/heartzone/"}],
            },
        ),
        "producer.extraVolumeMounts: the folder /etc/heartzone/ is taken; choose another one",
    ),
    "a mount of no volume": (
        at("producer.extraVolumeMounts", [{"name": "more", "mountPath": "/more"}]),
        "producer.extraVolumeMounts: no volume in producer.extraVolumes is called more",
    ),
    "another port": (
        at("operator.env.HEARTZONE_MANAGEMENT_PORT", 9091),
        "operator.env.HEARTZONE_MANAGEMENT_PORT: probes, Services and policies rely on the port",
    ),
    "one transactional id for all": (
        at("zoneWorker.env.HEARTZONE_TRANSACTIONAL_ID", "worker"),
        "zoneWorker.env.HEARTZONE_TRANSACTIONAL_ID: pods with the same one fence each other",
    ),
    "a property that has a value of its own": (
        at("kafka.config", {"security.protocol": "ssl"}),
        "kafka.config: security.protocol has its own place: use kafka.tls.enabled and kafka.auth.type instead",
    ),
    "a secret as a value": (
        at("schemaRegistry.config", {"ssl.key.password": "secret"}),
        "schemaRegistry.config: ssl.key.password is a secret, which does not belong into values",
    ),
    "one topic twice": (
        at("topics.zones.name", "BiometricsImported"),
        "topics.biometrics.name and topics.zones.name are both BiometricsImported",
    ),
    "no time to stop": (
        at("producer.preStopSleepSeconds", 20),
        "producer.terminationGracePeriodSeconds is 30; with producer.preStopSleepSeconds 20 it takes at least 32",
    ),
    "a minimum above the maximum, of producers": (
        at("producer.autoscaling", {"enabled": True, "minReplicas": 11}),
        "producer.autoscaling.minReplicas is 11, more than maxReplicas, which is 10",
    ),
    "a percentage of nothing": (
        merged(at("producer.autoscaling.enabled", True), at("producer.resources", {"requests": {"cpu": None}})),
        "producer.autoscaling.enabled is true, but producer.resources.requests.cpu is missing",
    ),
    "an Ingress without hosts": (
        at("producer.ingress.enabled", True),
        "producer.ingress.enabled is true, but producer.ingress.hosts is empty; it takes a list like",
    ),
    "a route without a gateway": (
        at("producer.httpRoute.enabled", True),
        "producer.httpRoute.enabled is true, but producer.httpRoute.parentRefs is empty; it takes a list",
    ),
    "KEDA without Prometheus": (
        at("zoneWorker.keda.enabled", True),
        "zoneWorker.keda.enabled is true, but zoneWorker.keda.prometheus.serverAddress is empty",
    ),
    "a minimum above the maximum, of workers": (
        at("zoneWorker.keda", {"enabled": True, "minReplicas": 13, "prometheus": {"serverAddress": "http://p"}}),
        "zoneWorker.keda.minReplicas is 13, more than maxReplicas, which is 12",
    ),
    "KEDA beyond the partitions": (
        at("zoneWorker.keda", {"enabled": True, "maxReplicas": 13, "prometheus": {"serverAddress": "http://p"}}),
        "zoneWorker.keda.maxReplicas is 13, more than topics.biometrics.partitions, which is 12",
    ),
    "workers beyond the partitions": (
        at("zoneWorker.replicas", 13),
        "zoneWorker.replicas is 13, more than topics.biometrics.partitions, which is 12: the others would idle",
    ),
    "all namespaces and one": (
        at("operator.watchNamespaces", ["*", "orders"]),
        'operator.watchNamespaces is ["*","orders"]; "*" is all namespaces and stands alone',
    ),
    "two monitors": (
        at("monitoring", {"podMonitor": {"enabled": True}, "serviceMonitor": {"enabled": True}}),
        "monitoring.podMonitor.enabled and monitoring.serviceMonitor.enabled are both true",
    ),
}


@pytest.mark.parametrize(("values", "sentence"), CONTRADICTIONS.values(), ids=CONTRADICTIONS.keys())
def test_a_contradiction_fails_with_a_sentence(helm: HelmTemplate, values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(RenderingError, match=re.escape(sentence)):
        helm(MINIMAL, values)


def test_no_sentence_is_without_its_case(helm: HelmTemplate) -> None:
    template = (CHART / "templates" / "_validate.tpl").read_text()
    sentences = re.findall(r'{{- fail (?:\(printf )?"((?:[^"\\]|\\.)*)"', template)
    assert len(sentences) == template.count("{{- fail ")

    messages = "\n".join(_error(helm, values) for values, _ in CONTRADICTIONS.values())

    for sentence in sentences:
        pattern = re.sub(r"%[sqd]", ".*", re.escape(sentence.replace('\\"', '"')))
        assert re.search(pattern, messages), f"no case for: {sentence}"


def _error(helm: HelmTemplate, values: dict[str, Any]) -> str:
    with pytest.raises(RenderingError) as failed:
        helm(MINIMAL, values)
    return str(failed.value)


def test_a_test_without_a_secret_may_be_turned_off(helm: HelmTemplate) -> None:
    without = at("test.kafka.existingSecret", "")

    with pytest.raises(RenderingError, match=r"test.kafka.existingSecret is empty.*or test.enabled=false"):
        helm(STRIMZI, without)
    assert not helm(STRIMZI, without, at("test.enabled", False)).has("Pod")


@pytest.mark.parametrize(
    ("values", "where"),
    [
        (at("producer.replica", 3), "/producer"),
        (at("producer.affinity.nodeAffinty", {}), "/producer/affinity"),
        (at("kafka.auth.existingSecret", 5), "/kafka/auth/existingSecret"),
        (at("kafka.auth.type", "kerberos"), "/kafka/auth/type"),
        (at("topics.zones.name", "no blanks"), "/topics/zones/name"),
        (at("producer.ingress.hosts", [{"hostname": "example.org"}]), "/producer/ingress/hosts/0"),
        (at("networkPolicy.kafka.to", [{"ipBlok": {}}]), "/networkPolicy/kafka/to/0"),
        (at("monitoring.podMonitor.interval", "half a minute"), "/monitoring/podMonitor/interval"),
        (at("zoneWorker.terminationGracePeriodSeconds", 10), "/zoneWorker/terminationGracePeriodSeconds"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_invalid_value_is_rejected_with_its_path(helm: HelmTemplate, values: dict[str, Any], where: str) -> None:
    with pytest.raises(RenderingError, match=f"at '{where}'"):
        helm(MINIMAL, values)
