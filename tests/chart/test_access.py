"""The chart's values on who may send: the settings of the producer, its files, and what people are told."""

from pathlib import Path
from typing import Any

import pytest

from heartzone_producer.settings import ProducerSettings
from heartzone_testing.chart.rendering import HelmTemplate, RenderingError, at
from heartzone_testing.checkout import CHART
from heartzone_testing.release.values import merged
from kubernetes_node.networking.network_policies import Peer, reaches
from service_chassis.settings import load

MINIMAL = CHART / "ci" / "minimal-values.yaml"
AUTHENTICATED = CHART / "ci" / "authenticated-values.yaml"
FOLDER = Path("/etc/heartzone")


def settings(helm: HelmTemplate, values: Path) -> ProducerSettings:
    rendered = helm(values)
    (container,) = rendered.pod("producer")["containers"]
    variables = {each["name"]: each["value"] for each in container.get("env", [])}
    return load(ProducerSettings, {**rendered.one("ConfigMap", "heartzone-settings")["data"], **variables})


def files(spec: dict[str, Any]) -> dict[str, str]:
    """The Secret of each file of a pod."""
    return {
        item["path"]: source["secret"]["name"]
        for volume in spec.get("volumes", [])
        for source in volume.get("projected", {}).get("sources", [])
        for item in source["secret"]["items"]
    }


def test_the_service_accepts_all_methods_at_once(helm: HelmTemplate) -> None:
    accepted = settings(helm, AUTHENTICATED)

    assert accepted.auth.model_dump(exclude_unset=True) == {
        "api_keys_file": FOLDER / "auth" / "api-keys",
        "client_ca_file": FOLDER / "auth" / "client-ca.crt",
        "devices": "{name}*",
        "jwt_algorithms": "ES256,PS256",
        "jwt_audience": "heartzone",
        "jwt_ca_file": FOLDER / "auth" / "issuer-ca.crt",
        "jwt_devices_claim": "devices",
        "jwt_issuer": "https://issuer.example.org:8443/realms/clinics",
        "jwt_principal_claim": "client_id",
    }
    assert accepted.tls.model_dump() == {
        "certificate_file": FOLDER / "tls" / "tls.crt",
        "key_file": FOLDER / "tls" / "tls.key",
    }
    assert accepted.rate_limit.model_dump() == {
        "address": "6000/minute",
        "principal": "600/minute",
        "trusted_proxies": "10.0.0.0/8,192.0.2.1",
    }


def test_each_file_is_of_its_secret(helm: HelmTemplate) -> None:
    rendered = helm(AUTHENTICATED)

    assert files(rendered.pod("producer")) == {
        "auth/api-keys": "api-keys",
        "auth/issuer-ca.crt": "issuer-ca",
        "auth/client-ca.crt": "client-ca",
        "tls/tls.crt": "api-tls",
        "tls/tls.key": "api-tls",
    }
    assert files(rendered.pod("test")) == {"test/api-key": "test-api-key", "test/ca.crt": "api-tls"}
    assert files(rendered.pod("zone-worker")) == {}


def test_what_is_followed_restarts_no_pod(helm: HelmTemplate) -> None:
    for _component, template in helm(AUTHENTICATED).pod_templates():
        assert not {name for name in template["metadata"].get("annotations", {}) if name.startswith("checksum/sec")}


def test_where_nobody_is_authenticated_nothing_is_set(helm: HelmTemplate) -> None:
    plain = settings(helm, MINIMAL)

    assert plain.auth.model_fields_set == plain.tls.model_fields_set == plain.rate_limit.model_fields_set == set()


def test_with_tls_everybody_is_told_https(helm: HelmTemplate) -> None:
    rendered = helm(AUTHENTICATED)
    (port,) = rendered.one("Service", "heartzone-producer")["spec"]["ports"]
    (container,) = rendered.pod("test")["containers"]

    assert port["appProtocol"] == "https"
    assert {"name": "PRODUCER_URL", "value": "https://heartzone-producer:80"} in container["env"]
    assert "https://localhost:8080/docs" in helm.notes(AUTHENTICATED)


@pytest.mark.parametrize(
    ("values", "warned", "outside"),
    [
        pytest.param({}, True, False, id="none"),
        pytest.param(at("producer.service.type", "LoadBalancer"), True, True, id="none, from outside"),
        pytest.param(
            merged(
                at("producer.auth", {"methods": ["apiKeys"], "apiKeys": {"existingSecret": "keys"}}),
                at("test.enabled", False),
            ),
            False,
            False,
            id="API keys",
        ),
    ],
)
def test_whoever_lets_anyone_send_is_warned(
    helm: HelmTemplate, values: dict[str, Any], warned: bool, outside: bool
) -> None:
    notes = helm.notes(MINIMAL, values)

    assert ("WARNING: producer.auth.methods is [none]" in notes) is warned
    assert ("It is reached from outside" in notes) is outside


@pytest.mark.parametrize(("port", "reached"), [(8443, True), (443, False)])
def test_the_producer_alone_reaches_the_issuer(helm: HelmTemplate, port: int, reached: bool) -> None:
    policies = helm(AUTHENTICATED).of_kind("NetworkPolicy")
    names = {"app.kubernetes.io/name": "heartzone", "app.kubernetes.io/instance": "heartzone"}
    issuer = Peer("issuer", address="198.51.100.1")

    for component in ("producer", "zone-worker", "test"):
        peer = Peer(component, "heartzone", {**names, "app.kubernetes.io/component": component})
        assert reaches(policies, peer, issuer, port) is (reached and component == "producer")


def _access(**values: Any) -> dict[str, Any]:
    return merged(at("test.enabled", False), *(at(path.replace("__", "."), value) for path, value in values.items()))


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        pytest.param(
            at("producer.auth.methods", []),
            "producer.auth.methods is empty; it takes any of apiKeys, jwt and clientCertificates, or [none]",
            id="no choice",
        ),
        pytest.param(at("producer.auth.methods", ["none", "jwt"]), "none stands alone", id="none and another"),
        pytest.param(
            _access(producer__auth__methods=["apiKeys"]),
            "producer.auth.apiKeys.existingSecret is empty, but apiKeys is one of producer.auth.methods",
            id="no keys",
        ),
        pytest.param(
            at("producer.auth.apiKeys.existingSecret", "keys"),
            'producer.auth.apiKeys.existingSecret is "keys", but producer.auth.methods is ["none"]; add apiKeys',
            id="keys that are not used",
        ),
        pytest.param(
            _access(producer__auth__methods=["jwt"], producer__auth__jwt__issuer="https://issuer"),
            "producer.auth.jwt.audience is empty",
            id="no audience",
        ),
        pytest.param(
            at("producer.auth.jwt.issuer", "https://issuer"),
            'producer.auth.jwt.issuer is "https://issuer", but producer.auth.methods is ["none"]; add jwt',
            id="an issuer that is not used",
        ),
        pytest.param(
            _access(
                producer__auth__methods=["jwt"],
                producer__auth__jwt__issuer="http://issuer",
                producer__auth__jwt__audience="heartzone",
            ),
            'producer.auth.jwt.issuer is "http://issuer", which does not start with https://',
            id="an issuer without TLS",
        ),
        pytest.param(
            _access(
                producer__auth__methods=["clientCertificates"], producer__auth__clientCertificates__existingSecret="ca"
            ),
            "but producer.tls.existingSecret is empty; clients show their certificates to the API's own TLS",
            id="certificates without TLS",
        ),
        pytest.param(at("producer.auth.devices", "{name}"), "nobody has a name", id="devices of nobody"),
        pytest.param(
            at("producer.rateLimit.principal", "1/minute"),
            "use producer.rateLimit.address instead",
            id="a limit of nobody",
        ),
        pytest.param(
            at("producer.rateLimit.trustedProxies", ["10.0.0.0/8"]),
            "producer.rateLimit.address is empty",
            id="proxies without a limit",
        ),
        pytest.param(
            merged(
                at("producer.auth", {"methods": ["jwt"], "jwt": {"issuer": "https://issuer", "audience": "heartzone"}})
            ),
            "`helm test` sends with an API key; add apiKeys, or set test.enabled to false",
            id="a test without a credential",
        ),
        pytest.param(
            at("producer.auth", {"methods": ["apiKeys"], "apiKeys": {"existingSecret": "keys"}}),
            "test.apiKey.existingSecret is empty, but producer.auth.methods has apiKeys",
            id="a test without a key",
        ),
        pytest.param(
            at("test.apiKey.existingSecret", "key"), 'test.apiKey.existingSecret is "key"', id="a key of no use"
        ),
        pytest.param(at("test.tls.existingSecret", "ca"), "the API speaks http", id="a CA of no use"),
        pytest.param(
            at("producer.env.HEARTZONE_AUTH_API_KEYS_FILE", "/keys"),
            "producer.env.HEARTZONE_AUTH_API_KEYS_FILE: use producer.auth.apiKeys instead",
            id="a variable",
        ),
    ],
)
def test_contradictions_end_with_a_sentence(helm: HelmTemplate, values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(RenderingError) as caught:
        helm(MINIMAL, values)

    assert sentence in str(caught.value)
