"""The operator as a process, against a real API server, broker and registry: the way of one resource."""

from operators import SCHEMA_1, OperatorBench, event_topic, kubectl_wait


def test_applying_a_resource_gives_a_topic_and_a_subject_and_kubectl_wait_tells_when(
    bench: OperatorBench,
) -> None:
    asked = event_topic(partitions=3, config={"retention.ms": "3600000"}, schema=SCHEMA_1, compatibility="BACKWARD")
    topic = asked["spec"]["topicName"]

    with bench.operator():
        name = bench.apply(asked)
        kubectl_wait(bench.kubectl)

        found = bench.topic(topic)
        registered = bench.registry.get_latest_version(f"{topic}-value")
        assert bench.registry.get_compatibility(f"{topic}-value") == "BACKWARD"
        assert found is not None
        assert (found.partitions, found.config) == (3, {"retention.ms": "3600000"})
        status = bench.status(name)
        conditions = {each["type"]: (each["status"], each["reason"]) for each in status.pop("conditions")}
        assert conditions == {
            "Ready": ("True", "Ready"),
            "TopicReady": ("True", "InSync"),
            "SchemaReady": ("True", "Registered"),
        }
        assert status == {
            "observedGeneration": 1,
            "topicName": topic,
            "topicId": found.topic_id,
            "partitions": 3,
            "replicas": 1,
            "valueSchema": {"subject": f"{topic}-value", "id": registered.schema_id, "version": 1},
            "managedConfig": ["retention.ms"],
        }
