"""No value without an effect, and no template that reads a value which is not there."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from heartzone_chart.values_file import Section, UndocumentedValueError, Value, read_values
from heartzone_chart.values_schema import OF_HELM
from heartzone_testing.chart.rendering import HelmTemplate, Manifest, Rendered, at
from heartzone_testing.checkout import CHART
from heartzone_testing.release.values import merged

CI = CHART / "ci"
VALUES = read_values((CHART / "values.yaml").read_text(encoding="utf-8"))

API_KEYS = merged(
    at("producer.auth", {"methods": ["apiKeys"], "apiKeys": {"existingSecret": "keys"}}),
    at("test.apiKey.existingSecret", "key"),
)
JWT = merged(
    at("producer.auth", {"methods": ["jwt"], "jwt": {"issuer": "https://issuer:8443", "audience": "heartzone"}}),
    at("test.enabled", False),
)
CLIENT_CERTIFICATES = merged(
    API_KEYS,
    at("producer.auth", {"methods": ["apiKeys", "clientCertificates"], "clientCertificates": {"existingSecret": "ca"}}),
    at("producer.tls.existingSecret", "tls"),
)
COMPONENTS = {
    "producer": "producer",
    "zoneWorker": "zone-worker",
    "operator": "operator",
    "audit": "audit",
    "test": "test",
}
OAUTH = {"tokenEndpointUrl": "https://issuer/token", "scope": "kafka", "tls": {"existingSecret": "issuer-ca"}}
REGISTRY_OAUTH = {"tokenEndpointUrl": "https://issuer/token", "scope": "registry"}
# The values under which others have an effect, by the path or what it begins with.
SETTINGS: Mapping[str, dict[str, Any]] = {
    "kafka.auth.certificateKey": at("kafka.auth.type", "tls"),
    "kafka.auth.privateKeyKey": at("kafka.auth.type", "tls"),
    "kafka.auth.oauth": at("kafka.auth", {"type": "oauthbearer", "oauth": OAUTH}),
    "kafka.auth.oauth.tls": at("kafka.auth", {"type": "oauthbearer", "oauth": OAUTH}),
    "schemaRegistry.auth.tokenKey": at("schemaRegistry.auth.type", "bearer"),
    "schemaRegistry.auth.certificateKey": at("schemaRegistry.auth.type", "tls"),
    "schemaRegistry.auth.privateKeyKey": at("schemaRegistry.auth.type", "tls"),
    "schemaRegistry.auth.oauth": at("schemaRegistry.auth", {"type": "oauthbearer", "oauth": REGISTRY_OAUTH}),
    "producer.auth.apiKeys": API_KEYS,
    "producer.auth.jwt": JWT,
    "producer.auth.jwt.tls": merged(JWT, at("producer.auth.jwt.tls.existingSecret", "issuer-ca")),
    "producer.auth.clientCertificates": CLIENT_CERTIFICATES,
    "producer.auth.devices": API_KEYS,
    "producer.tls": CLIENT_CERTIFICATES,
    "producer.rateLimit.principal": API_KEYS,
    "producer.rateLimit.trustedProxies": at("producer.rateLimit.address", "1/minute"),
    "networkPolicy.issuer": JWT,
    "test.apiKey": API_KEYS,
    "test.tls": CLIENT_CERTIFICATES,
    "producer.autoscaling": at("producer.autoscaling.enabled", True),
    "producer.ingress.enabled": at("producer.ingress.hosts", [{"host": "example.org"}]),
    "producer.ingress": at("producer.ingress", {"enabled": True, "hosts": [{"host": "example.org"}]}),
    "producer.httpRoute.enabled": at("producer.httpRoute.parentRefs", [{"name": "gateway"}]),
    "producer.httpRoute": at("producer.httpRoute", {"enabled": True, "parentRefs": [{"name": "gateway"}]}),
    **{
        f"{component}.extraVolumeMounts": at(f"{component}.extraVolumes", [{"name": "another", "emptyDir": {}}])
        for component in ("producer", "zoneWorker", "operator", "test")
    },
    "audit": at("audit.enabled", True),
    "audit.schedule": at("audit", {"enabled": True, "mode": "CronJob"}),
    "audit.extraVolumeMounts": at("audit", {"enabled": True, "extraVolumes": [{"name": "another", "emptyDir": {}}]}),
    "zoneWorker.keda.enabled": at("zoneWorker.keda.prometheus.serverAddress", "http://prometheus"),
    "zoneWorker.keda": at("zoneWorker.keda", {"enabled": True, "prometheus": {"serverAddress": "http://prometheus"}}),
    "monitoring.podMonitor": at("monitoring.podMonitor.enabled", True),
    "monitoring.serviceMonitor": at("monitoring.serviceMonitor.enabled", True),
    "monitoring.rules": at("monitoring.rules.enabled", True),
    "monitoring.dashboards": at("monitoring.dashboards.enabled", True),
}
SECURED = merged(
    at("producer.auth.methods", ["none"]),
    at("kafka", {"bootstrapServers": "kafka:9093", "tls": {"existingSecret": "ca"}}),
    at("kafka.auth", {"type": "scram-sha-512", "existingSecret": "user"}),
    at(
        "schemaRegistry",
        {"url": "https://registry", "tls": {"existingSecret": "ca"}, "auth": {"existingSecret": "user"}},
    ),
)
# Where a changed value is not simply another text or a larger number.
OTHERS: Mapping[str, Any] = {
    "kafka.bootstrapServers": "elsewhere:9094",
    "kafka.auth.oauth.azureImdsQuery": None,  # tests/chart/test_connections.py: it takes the place of a Secret
    "kafka.tls.enabled": None,  # below: nothing of this is left without TLS
    "schemaRegistry.url": "https://elsewhere",
    "kafka.auth.oauth.tokenEndpointUrl": "https://elsewhere/token",
    "schemaRegistry.auth.oauth.tokenEndpointUrl": "https://elsewhere/token",
    "topics.biometrics.partitions": 13,
    "producer.image.digest": "sha256:" + "a" * 64,
    "zoneWorker.image.digest": "sha256:" + "b" * 64,
    "operator.image.digest": "sha256:" + "c" * 64,
    "audit.image.digest": "sha256:" + "d" * 64,
    "audit.from": "2h",
    "producer.auth.methods": None,  # tests/chart/test_access.py
    "producer.auth.apiKeys.existingSecret": "others",
    "producer.auth.jwt.algorithms": ["ES256"],
    "producer.auth.jwt.issuer": "https://elsewhere",
    "producer.auth.jwt.jwksUrl": "https://elsewhere/keys",
    "producer.rateLimit.address": "2/minute",
    "producer.rateLimit.principal": "2/minute",
    "producer.rateLimit.trustedProxies": ["192.0.2.0/24"],
    "producer.ingress.hosts": [{"host": "elsewhere.example.org"}],
    "producer.ingress.tls": [{"secretName": "tls"}],
    "producer.httpRoute.parentRefs": [{"name": "elsewhere"}],
    "producer.http.corsOrigins": ["https://app.example.org"],
    "producer.preStopSleepSeconds": 6,
    "zoneWorker.keda.maxReplicas": 11,
    "zoneWorker.keda.prometheus.serverAddress": "http://elsewhere",
    "zoneWorker.keda.kafka.version": "3.0.0",
    "operator.watchNamespaces": ["elsewhere"],
    "networkPolicy.extraEgress": [{"to": [{"ipBlock": {"cidr": "192.0.2.1/32"}}]}],
    "extraObjects": [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "another"}}],
    "global.imagePullSecrets": ["another"],
    "operator.strategy": {"type": "RollingUpdate"},
    "producer.strategy": {"type": "Recreate"},
    "zoneWorker.updateStrategy": {"type": "OnDelete"},
    "podSecurityContext": {"runAsUser": 1000},
    "containerSecurityContext": {"readOnlyRootFilesystem": False},
}
OF_SCHEMA: Mapping[str, Any] = {
    "Affinity": {"nodeAffinity": {}},
    "Duration": "17s",
    "EnvVar": [{"name": "ANOTHER", "value": "value"}],
    "HorizontalPodAutoscalerBehavior": {"scaleUp": {"stabilizationWindowSeconds": 17}},
    "HostAlias": [{"ip": "192.0.2.1", "hostnames": ["another.example.org"]}],
    "LocalObjectReference": [{"name": "another"}],
    "NetworkPolicyPeer": [{"ipBlock": {"cidr": "192.0.2.1/32"}}],
    "ProbeTiming": {"timeoutSeconds": 17},
    "ResourceRequirements": {"requests": {"cpu": "17m"}},
    "Toleration": [{"operator": "Exists"}],
    "TopologySpreadConstraint": [{"topologyKey": "rack", "maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule"}],
    "Volume": [{"name": "another", "emptyDir": {}}],
    "VolumeMount": [{"name": "another", "mountPath": "/another"}],
}


def other(value: Value) -> Any:
    """A value that is allowed and not the default."""
    return OTHERS[value.path] if value.path in OTHERS else _by_schema(value) or _by_type(value.default)


def _by_schema(value: Value) -> Any:
    schema, items = value.schema, value.schema.get("items", {})
    if "enum" in schema:
        return next(each for each in schema["enum"] if each != value.default)
    if name := schema.get("$ref", items.get("$ref")):
        return OF_SCHEMA.get(name.rpartition(".")[2], "another")
    if "type" in items:
        return [1717] if items["type"] == "integer" else ["another.example.org"]
    return {"another.example.org": "value"} if "additionalProperties" in schema else None


def _by_type(default: Any) -> Any:
    if isinstance(default, bool):
        return not default
    if isinstance(default, int):
        return default + 1
    return 17 if default is None else "another"


def setting(path: str) -> dict[str, Any]:
    """The values under which the one at `path` has an effect."""
    starts = (
        [path]
        if path.endswith(".enabled")
        else [path, path.rpartition(".")[0], *(".".join(path.split(".")[:n]) for n in (2, 1))]
    )
    found = next((SETTINGS[start] for start in starts if start in SETTINGS), {})
    return merged(SECURED, found)


def alike() -> Mapping[str, list[Value]]:
    """Values by their path, those of several components that are called alike together: they are rendered at once."""
    found: dict[str, list[Value]] = {}
    for value in VALUES.values():
        component, _, rest = value.path.partition(".")
        if other(value) is not None:
            found.setdefault(f"*.{rest}" if component in COMPONENTS else value.path, []).append(value)
    return found


ALIKE = alike()


@pytest.mark.parametrize("name", ALIKE)
def test_every_value_has_an_effect(helm: HelmTemplate, name: str) -> None:
    values = ALIKE[name]
    before = merged({}, *(setting(value.path) for value in values))
    after = merged(before, *(at(value.path, other(value)) for value in values))

    if len(values) == 1:
        changed = {values[0].path} if helm.text(before) != helm.text(after) else set()
    else:
        changed = _changed(values, helm(before), helm(after))

    assert {value.path for value in values} - changed == set(), "these render the same as their defaults"


def _changed(values: list[Value], before: Rendered, after: Rendered) -> set[str]:
    """The paths of those whose component has objects that differ."""
    components = {value.path: COMPONENTS[value.path.partition(".")[0]] for value in values}
    return {path for path, each in components.items() if _objects_of(each, before) != _objects_of(each, after)}


def _objects_of(component: str, rendered: Rendered) -> list[Manifest]:
    label = "app.kubernetes.io/component"
    return [each for each in rendered.manifests if each["metadata"].get("labels", {}).get(label) == component]


def test_without_tls_nothing_is_encrypted(helm: HelmTemplate) -> None:
    settings = helm(
        at("kafka", {"bootstrapServers": "kafka:9092", "tls": {"enabled": False}}),
        at("schemaRegistry.url", "http://r"),
        at("producer.auth.methods", ["none"]),
    )

    assert settings.one("ConfigMap", "heartzone-settings")["data"]["HEARTZONE_KAFKA_SECURITY_PROTOCOL"] == "plaintext"


def test_templates_read_only_values_that_are_there() -> None:
    paths = set(_paths(VALUES))
    read = {path for file in _templates() for path in _read_by(file.read_text(encoding="utf-8"))}

    assert len(read) > 100
    assert {path for path in read if path not in paths} == set()


def test_the_schema_is_strict_at_every_level() -> None:
    """Every object has its members named, or says what members of any name are like.

    What is Helm's, a parent chart's or, as managedFields of a volume's claim, Kubernetes' own business is not ours.
    """
    schema = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
    for name in ("global", *OF_HELM):
        schema["properties"].pop(name)
    schema["definitions"].pop("io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1")
    loose = [path for path, part in _objects(schema, "") if part.get("additionalProperties", True) is True]

    assert loose == []


def test_a_value_without_a_comment_is_an_error() -> None:
    with pytest.raises(UndocumentedValueError, match=r"producer\.replicas has no comment that begins with `# --`"):
        read_values("producer:\n  # replicas\n  replicas: 1\n")


def test_every_meaning_is_a_sentence() -> None:
    for value in VALUES.values():
        assert re.match("[A-Z`]", value.meaning), value.path
        assert value.meaning.endswith((".", ":")), value.path


def _objects(schema: Any, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(schema, list):
        for number, item in enumerate(schema):
            yield from _objects(item, f"{path}/{number}")
    elif isinstance(schema, dict):
        if "object" in _as_list(schema.get("type")) or "properties" in schema:
            yield path, schema
        for key, item in schema.items():
            if key != "default":
                yield from _objects(item, f"{path}/{key}")


def _as_list(types: Any) -> list[Any]:
    return types if isinstance(types, list) else [types]


def _templates() -> Iterator[Path]:
    yield from (CHART / "templates").rglob("*.yaml")
    yield from (CHART / "templates").rglob("*.tpl")
    yield CHART / "templates" / "NOTES.txt"


def _read_by(template: str) -> Iterator[str]:
    """Paths of values: what follows `.Values.`, and what follows a variable that was set to such a path."""
    variables = dict(re.findall(r"\{\{-? \$(\w+) := \$?(?:\.root)?\.Values\.([\w.]+) \}\}", template))
    yield from re.findall(r"\.Values\.([\w.]+)", template)
    for name, path in variables.items():
        yield from (f"{path}.{rest}" for rest in re.findall(rf"\${name}\.([\w.]+)", template))


def _paths(section: Section) -> Iterator[str]:
    """Every path in the file, and those inside of values that are mappings."""
    for name, member in section.members.items():
        path = f"{section.path}.{name}" if section.path else name
        yield path
        if isinstance(member, Section):
            yield from _paths(member)
        elif isinstance(member.default, dict):
            yield from (f"{path}.{key}" for key in member.default)
