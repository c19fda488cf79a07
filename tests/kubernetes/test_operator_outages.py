"""The operator while something is unavailable, and its recovery without a restart."""

from collections.abc import Callable

from embedded_kafka import EmbeddedKafka, EmbeddedRegistry
from heartzone_testing.checkout import CRD
from heartzone_testing.operators.bench import OperatorBench
from heartzone_testing.operators.event_topics import SCHEMA_1, SCHEMA_2, condition_of, event_topic
from heartzone_testing.waiting import eventually
from kubernetes_node.control_plane.cluster import Cluster
from kubernetes_node.control_plane.processes import ControlPlane


def halves(bench: OperatorBench, name: str) -> dict[str, tuple[str, str]]:
    """Status and reason of each condition."""
    return {each["type"]: (each["status"], each["reason"]) for each in bench.status(name).get("conditions", [])}


def test_while_kafka_is_unavailable_schemas_are_registered_and_topics_follow_when_it_is_back(
    bench: OperatorBench, embedded_kafka_factory: Callable[..., EmbeddedKafka]
) -> None:
    kafka = embedded_kafka_factory()
    with bench.operator({"HEARTZONE_KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers}) as operator:
        kafka.nodes[0].kill()
        name = bench.apply(event_topic(schema=SCHEMA_1))
        bench.settled(name, "Unknown", reason="KafkaUnavailable", timeout=40)

        assert halves(bench, name) == {
            "Ready": ("Unknown", "KafkaUnavailable"),
            "TopicReady": ("Unknown", "KafkaUnavailable"),
            "SchemaReady": ("True", "Registered"),
        }
        assert operator.get("/readyz").status == 200, "the operator does what it can"
        assert "did not respond" in operator.get("/readyz").text

        kafka.nodes[0].start()
        bench.settled(name, timeout=60)


def test_while_the_registry_is_unavailable_topics_are_created_and_schemas_follow_when_it_is_back(
    bench: OperatorBench, embedded_registry_factory: Callable[..., EmbeddedRegistry]
) -> None:
    registry = embedded_registry_factory()
    with bench.operator({"HEARTZONE_SCHEMA_REGISTRY_URL": registry.url}):
        registry.kill()
        name = bench.apply(event_topic(schema=SCHEMA_1))
        bench.settled(name, "Unknown", reason="RegistryUnavailable", timeout=40)

        assert halves(bench, name) == {
            "Ready": ("Unknown", "RegistryUnavailable"),
            "TopicReady": ("True", "InSync"),
            "SchemaReady": ("Unknown", "RegistryUnavailable"),
        }

        registry.start()
        bench.settled(name, timeout=60)


def test_an_outage_changes_the_status_once_and_not_with_every_retry(
    bench: OperatorBench, embedded_registry_factory: Callable[..., EmbeddedRegistry]
) -> None:
    registry = embedded_registry_factory()
    with bench.operator({"HEARTZONE_SCHEMA_REGISTRY_URL": registry.url}) as operator:
        registry.kill()
        name = bench.apply(event_topic(schema=SCHEMA_1))
        bench.settled(name, "Unknown", timeout=40)
        version = bench.kubectl.get("et", name)["metadata"]["resourceVersion"]
        retries = operator.samples("heartzone_reconciles_total", "outcome")["waiting"]

        eventually(
            lambda: operator.samples("heartzone_reconciles_total", "outcome")["waiting"] >= retries + 3, "three retries"
        )

        assert bench.kubectl.get("et", name)["metadata"]["resourceVersion"] == version


def test_a_restart_of_the_api_server_is_survived_and_what_was_deleted_meanwhile_is_not_created_again(
    bench: OperatorBench, control_plane: ControlPlane
) -> None:
    kept, deleted = event_topic(schema=SCHEMA_1), event_topic()
    with bench.operator() as operator:
        kept_name, deleted_name = bench.apply(kept), bench.apply(deleted)
        bench.settled(kept_name)
        bench.settled(deleted_name)
        operator.process.pause()  # so that the watch cannot report the deletion
        bench.kubectl("delete", "et", deleted_name)
        control_plane.restart_api_server()
        operator.process.resume()

        bench.settled(bench.apply(event_topic(schema=SCHEMA_1)), timeout=60)
        bench.kafka.delete([kept["spec"]["topicName"], deleted["spec"]["topicName"]])
        eventually(lambda: bench.topic(kept["spec"]["topicName"]) is not None, "the topic that is described is back")

        assert bench.topic(deleted["spec"]["topicName"]) is None
        assert operator.process.poll() is None


def test_an_operator_that_starts_before_the_definition_reports_it_and_waits(
    bench: OperatorBench, kubernetes: Cluster, control_plane: ControlPlane
) -> None:
    kubernetes.kubectl("delete", "--ignore-not-found", f"--filename={CRD}")
    operator = bench.start()
    try:
        eventually(lambda: "apply deploy/crd/" in operator.get("/readyz").text, "the reason on /readyz")
        assert operator.get("/readyz").status == 503
        assert operator.get("/livez").status == 200

        kubernetes.kubectl("apply", "--server-side", f"--filename={CRD}")
        kubernetes.kubectl("wait", "--for=condition=Established", f"--filename={CRD}")
        operator.wait_until_ready()
        bench.settled(bench.apply(event_topic()))
    finally:
        assert operator.process.terminate(30) == 0


def test_a_definition_that_is_deleted_and_comes_back_is_survived(
    bench: OperatorBench, kubernetes: Cluster, control_plane: ControlPlane
) -> None:
    with bench.operator():
        bench.settled(bench.apply(event_topic(name="first")))
        kubernetes.kubectl("delete", f"--filename={CRD}")
        kubernetes.kubectl("apply", "--server-side", f"--filename={CRD}")
        kubernetes.kubectl("wait", "--for=condition=Established", f"--filename={CRD}")

        bench.settled(bench.apply(event_topic(name="second")), timeout=60)


def test_an_operator_killed_between_topic_and_schema_continues_where_it_was(
    bench: OperatorBench, embedded_registry_factory: Callable[..., EmbeddedRegistry]
) -> None:
    registry = embedded_registry_factory()
    settings = {"HEARTZONE_SCHEMA_REGISTRY_URL": registry.url}
    asked = event_topic(schema=SCHEMA_1, config={"retention.ms": "1000"})
    topic = asked["spec"]["topicName"]
    killed = bench.start(settings)
    killed.wait_until_ready()
    registry.pause()
    name = bench.apply(asked)
    eventually(lambda: bench.topic(topic) is not None, "the topic")
    killed.process.kill()
    registry.resume()
    before = bench.topic(topic)

    with bench.operator(settings):
        status = bench.settled(name, timeout=60)

    assert before is not None
    assert status["topicId"] == before.topic_id
    assert status["valueSchema"]["version"] == 1
    assert status["managedConfig"] == ["retention.ms"], "what the killed one had set can still be reset"


def test_the_result_of_a_resource_is_not_written_to_the_next_one_of_its_name(
    bench: OperatorBench, embedded_registry_factory: Callable[..., EmbeddedRegistry]
) -> None:
    registry = embedded_registry_factory()
    asked = event_topic(schema=SCHEMA_1)
    topic, name = asked["spec"]["topicName"], asked["metadata"]["name"]
    with bench.operator({"HEARTZONE_SCHEMA_REGISTRY_URL": registry.url}):
        registry.pause()
        bench.apply(asked)
        eventually(lambda: bench.topic(topic) is not None, "the topic, and its schema on the way")
        bench.kubectl("delete", "et", name)
        bench.apply(event_topic(topic, schema=SCHEMA_2, annotations={"heartzone.dev/pause": "true"}))
        registry.resume()

        bench.settled(name, "Unknown", reason="Paused")
        bench.settled(bench.apply(event_topic()))  # pending requests are over

        assert bench.condition(name)["reason"] == "Paused"


def test_of_two_operators_one_acts_and_the_other_reports_that_it_waits_until_the_first_is_gone(
    bench: OperatorBench,
) -> None:
    first = bench.start({"HEARTZONE_IDENTITY": "first"})
    first.wait_until_ready()
    second = bench.start({"HEARTZONE_IDENTITY": "second"})
    try:
        eventually(lambda: "the operator first holds the lease" in second.get("/readyz").text, "the reason on /readyz")
        assert second.get("/readyz").status == 200, "a rollout of a standby ends"
        bench.settled(bench.apply(event_topic()))
        assert second.metric("heartzone_reconciles_total") == 0

        first.process.kill()
        bench.settled(bench.apply(event_topic()))
    finally:
        assert second.process.terminate(30) == 0
    assert bench.kubectl.get("lease", "heartzone-operator")["spec"]["holderIdentity"] == "", "free for the next one"


def test_an_operator_that_loses_its_lease_ends_rather_than_act_beside_another(bench: OperatorBench) -> None:
    operator = bench.start()
    operator.wait_until_ready()
    bench.settled(bench.apply(event_topic()))

    bench.kubectl("patch", "lease", "heartzone-operator", "--type=merge", '--patch={"spec":{"holderIdentity":"thief"}}')

    assert operator.process.wait(30) == 1
    assert "operator_aborted" in operator.process.log()
    assert bench.kubectl.get("lease", "heartzone-operator")["spec"]["holderIdentity"] == "thief"


def test_a_namespace_with_strimzis_topics_in_it_is_served_without_touching_them(
    bench: OperatorBench, kubernetes: Cluster
) -> None:
    kubernetes.kubectl.apply(STRIMZI_STUB)
    kubernetes.kubectl("wait", "--for=condition=Established", "crd/kafkatopics.kafka.strimzi.io")
    strimzis = {
        "apiVersion": "kafka.strimzi.io/v1",
        "kind": "KafkaTopic",
        "metadata": {"name": "orders"},
        "spec": {"partitions": 1},
    }
    bench.kubectl.apply(strimzis)
    before = bench.kubectl.get("kafkatopics.kafka.strimzi.io", "orders")

    with bench.operator():
        status = bench.settled(bench.apply(event_topic()))

    assert condition_of(status, "Ready")["status"] == "True"
    assert bench.kubectl.get("kafkatopics.kafka.strimzi.io", "orders") == before


STRIMZI_STUB = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "kafkatopics.kafka.strimzi.io"},
    "spec": {
        "group": "kafka.strimzi.io",
        "scope": "Namespaced",
        "names": {"kind": "KafkaTopic", "plural": "kafkatopics", "singular": "kafkatopic", "shortNames": ["kt"]},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                },
                "subresources": {"status": {}},
            }
        ],
    },
}
