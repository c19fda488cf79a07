"""The resource as kubectl shows it, and what the API server itself rejects."""

import uuid
from typing import Any

import pytest

from heartzone_testing.checkout import CRD
from heartzone_testing.operators.event_topics import SCHEMA_1, event_topic
from heartzone_testing.waiting import eventually
from kubernetes_node.control_plane.cluster import Cluster
from kubernetes_node.control_plane.kubectl import Kubectl, KubectlError

PATH = {"configMapKeyRef": {"name": "../secrets/x", "key": "k"}}
SOURCE = {"configMapKeyRef": {"name": "schemas", "key": "a"}}


@pytest.fixture(autouse=True)
def _definition(kubernetes: Cluster) -> None:
    kubernetes.kubectl("apply", "--server-side", f"--filename={CRD}")
    kubernetes.kubectl("wait", "--for=condition=Established", f"--filename={CRD}")


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("eventtopic", "One Kafka topic and the schemas of its messages"),
        ("eventtopic.spec.partitions", "May grow, never shrink"),
        ("eventtopic.spec.valueSchema.schemaFrom.configMapKeyRef", "ConfigMap"),
        ("eventtopic.status.topicId", "Kafka's id of the topic"),
    ],
)
def test_kubectl_explain_reads_well(kubectl: Kubectl, field: str, words: str) -> None:
    # The API server publishes the descriptions of a new definition a little later than it serves it.
    eventually(lambda: words in " ".join(kubectl.run("explain", field).stdout.split()), f"{field} explained")


def test_short_name_category_and_columns(kubectl: Kubectl) -> None:
    kubectl.apply(event_topic(name="orders"))

    for name in ("et", "eventtopics", "heartzone"):
        header, row = kubectl("get", name).splitlines()
        assert header.split() == ["NAME", "TOPIC", "PARTITIONS", "SCHEMA", "VERSION", "READY", "REASON", "AGE"]
        assert row.split()[0] == "orders"


def test_defaults_are_filled_in(kubectl: Kubectl) -> None:
    kubectl.apply({**event_topic(name="orders"), "spec": {"partitions": 1}})

    assert kubectl.get("et", "orders")["spec"] == {
        "partitions": 1,
        "partitionsPolicy": "Exact",
        "deletionPolicy": "Retain",
    }


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        pytest.param({}, "spec.partitions: Required value", id="no partitions"),
        pytest.param({"partitions": 0}, "greater than or equal to 1", id="zero partitions"),
        pytest.param({"partitions": 1, "topicName": "a b"}, "spec.topicName", id="a blank in the name"),
        pytest.param({"partitions": 1, "topicName": ".."}, "is not . or ..", id="dots for a name"),
        pytest.param({"partitions": 1, "topicName": "a" * 250}, "may not be more than 249", id="a long name"),
        pytest.param({"partitions": 1, "topicName": "__consumer_offsets"}, "belongs to Kafka itself", id="Kafka's own"),
        pytest.param({"partitions": 1, "partitons": 2}, 'unknown field "spec.partitons"', id="a misspelt field"),
        pytest.param({"partitions": 1, "config": {"a": {"b": "c"}}}, "spec.config.a", id="a mapping in config"),
        pytest.param({"partitions": 1, "config": {"a": "9" * 70_000}}, "may not be more than 8000", id="a long value"),
        pytest.param({"partitions": 1, "config": {"a": "1\x000"}}, "spec.config.a", id="a NUL in a value"),
        pytest.param({"partitions": 100_001}, "less than or equal to 100000", id="too many partitions"),
        pytest.param(
            {"partitions": 1, "valueSchema": {"type": "JSON"}},
            "exactly one of schema",
            id="neither schema nor schemaFrom",
        ),
        pytest.param(
            {"partitions": 1, "keySchema": {"type": "JSON", "schema": "{}", "schemaFrom": SOURCE}},
            "exactly one of schema",
            id="both schema and schemaFrom",
        ),
        pytest.param(
            {"partitions": 1, "valueSchema": {"type": "XML", "schema": "{}"}},
            "Unsupported value",
            id="another type of schema",
        ),
        pytest.param(
            {
                "partitions": 1,
                "valueSchema": {
                    "type": "JSON",
                    "schemaFrom": {"configMapKeyRef": {"name": "../secrets/x", "key": "k"}},
                },
            },
            "configMapKeyRef.name",
            id="a ConfigMap whose name is a path",
        ),
    ],
)
def test_rejected_when_it_is_applied(kubectl: Kubectl, spec: dict[str, Any], words: str) -> None:
    with pytest.raises(KubectlError) as rejected:
        kubectl.apply({**event_topic(name="orders"), "spec": spec})

    assert words in str(rejected.value)


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        pytest.param({"topicName": "A"}, {"topicName": "B"}, "is immutable", id="another topic"),
        pytest.param({}, {"topicName": "B"}, "is immutable", id="another topic than the default"),
        pytest.param({"topicName": "B"}, {}, "is immutable", id="back to the default"),
    ],
)
def test_rejected_as_a_change(kubectl: Kubectl, before: dict[str, Any], after: dict[str, Any], words: str) -> None:
    kubectl.apply({**event_topic(name="orders"), "spec": {"partitions": 1, **before}})

    with pytest.raises(KubectlError) as rejected:
        kubectl.apply({**event_topic(name="orders"), "spec": {"partitions": 1, **after}})

    assert words in str(rejected.value)


def test_partitions_never_shrink_once_there_is_a_topic_and_a_mistake_before_can_be_corrected(kubectl: Kubectl) -> None:
    def apply(partitions: int) -> None:
        kubectl.apply(
            {
                **event_topic(name="orders"),
                "spec": {"partitions": partitions, "config": {"retention.ms": 1000, "a": 0.5, "b": True}},
            }
        )

    apply(90_000)
    apply(3)
    kubectl("patch", "et", "orders", "--subresource=status", "--type=merge", '--patch={"status":{"topicId":"t1"}}')
    apply(4)

    with pytest.raises(KubectlError, match="may grow, never shrink"):
        apply(3)


def test_the_default_name_made_explicit_is_no_change(kubectl: Kubectl) -> None:
    kubectl.apply({**event_topic(name="orders"), "spec": {"partitions": 1}})

    kubectl.apply({**event_topic(name="orders"), "spec": {"partitions": 2, "topicName": "orders"}})

    assert kubectl.get("et", "orders")["metadata"]["generation"] == 2


def test_a_status_that_a_person_applies_is_ignored(kubectl: Kubectl) -> None:
    name = f"orders-{uuid.uuid4().hex[:8]}"
    kubectl.apply({**event_topic(name=name, schema=SCHEMA_1), "status": {"partitions": 9}})

    assert "status" not in kubectl.get("et", name)
