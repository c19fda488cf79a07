"""Exported manifests keep their meaning when kubectl and the API server read them."""

from typing import Any

import pytest

from event_topics import ObservedSubject, ObservedTopic, SchemaVersion, manifest_of, resource_names, to_yaml
from heartzone_testing.checkout import CRD
from kubernetes_node.control_plane.cluster import Cluster
from kubernetes_node.control_plane.kubectl import Kubectl

JSON_SCHEMA = '{"$schema":"http://json-schema.org/draft-07/schema#","type":"object","title":"Überfall: \\n \\u2028 {}"}'
PROTO_SCHEMA = 'syntax = "proto3";\n\n// tabs\tand trailing blanks  \nmessage Order {\n  string id = 1;\n}\n'


@pytest.fixture(scope="module", autouse=True)
def defined(kubernetes: Cluster) -> None:
    """The API server knows what an EventTopic is."""
    kubernetes.kubectl("apply", "--server-side", f"--filename={CRD}")
    kubernetes.kubectl("wait", "--for=condition=Established", f"--filename={CRD}")


def applied(kubectl: Kubectl, manifest: dict[str, Any]) -> Any:
    kubectl.apply(to_yaml(manifest))
    return kubectl.get("eventtopic", manifest["metadata"]["name"])["spec"]


@pytest.mark.parametrize(
    "topic", ["orders", "BiometricsImported.dlq", "_schemas", "1e3", "0x1F", "true", "null", "A" * 249, "-.-"]
)
def test_every_topic_has_a_name_that_kubernetes_accepts(kubectl: Kubectl, topic: str) -> None:
    [name] = resource_names([topic]).values()

    spec = applied(kubectl, manifest_of(name, topic, ObservedTopic(partitions=3, replicas=2)))

    assert (spec.get("topicName", name), spec["partitions"], spec["replicas"]) == (topic, 3, 2)


@pytest.mark.parametrize(
    "value", ["1000", "1e3", "0o17", "0x1F", "1_000", "true", "no", "y", "null", "~", "=", "", "a: b"]
)
def test_configuration_stays_text(kubectl: Kubectl, value: str) -> None:
    observed = ObservedTopic(partitions=1, replicas=1, config={"retention.ms": value})

    assert applied(kubectl, manifest_of("orders", "orders", observed))["config"] == {"retention.ms": value}


def test_schemas_arrive_to_the_letter(kubectl: Kubectl) -> None:
    value = ObservedSubject(latest=SchemaVersion(1, 1, "PROTOBUF", PROTO_SCHEMA), compatibility="FULL")
    key = ObservedSubject(latest=SchemaVersion(2, 1, "JSON", JSON_SCHEMA))
    manifest = manifest_of("orders", "orders", ObservedTopic(partitions=1, replicas=1), value=value, key=key)

    spec = applied(kubectl, manifest)

    assert spec["valueSchema"] == {"type": "PROTOBUF", "compatibility": "FULL", "schema": PROTO_SCHEMA}
    assert spec["keySchema"] == manifest["spec"]["keySchema"]
