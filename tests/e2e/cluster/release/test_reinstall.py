"""`helm uninstall` removes the programs and keeps what they have written; `helm install` continues with it."""

from event_topics import Failure, KafkaTopics, ObservedTopic
from heartzone_testing.kafka_cluster.cluster import KafkaCluster
from heartzone_testing.release.release import Release
from heartzone_testing.topics import TOPIC_NAMES
from heartzone_testing.traffic.auditor import Auditor
from heartzone_testing.traffic.load import Traffic
from heartzone_testing.waiting import eventually
from kubernetes_node.nodes.node import Node


def topics(kafka_cluster: KafkaCluster) -> dict[str, ObservedTopic | Failure]:
    return KafkaTopics(kafka_cluster.super_user).observe(TOPIC_NAMES)


def schemas(release: Release) -> dict[str, object]:
    """The schema that each EventTopic's topic has: subject, version and id."""
    release.kubectl("wait", "--for=condition=Ready", "--timeout=60s", "eventtopic", "--all", timeout=70)
    found = release.kubectl.get("eventtopics")["items"]
    return {each["spec"]["topicName"]: each["status"].get("valueSchema") for each in found}


def leases(release: Release) -> list[str]:
    names = [each["metadata"]["name"] for each in release.kubectl.get("leases")["items"]]
    return [name for name in names if name.startswith("heartzone-operator")]


def test_uninstall_leaves_definition_topics_schemas_and_data_and_a_reinstall_adopts_them_untouched(
    node: Node, release: Release, kafka_cluster: KafkaCluster, auditor: Auditor
) -> None:
    with Traffic(release.url()) as before:
        before.await_more(50)
    assert auditor.discrepancies(before.accepted) == []
    former_topics, former_schemas = topics(kafka_cluster), schemas(release)
    assert set(former_topics) == set(former_schemas) == set(TOPIC_NAMES)

    assert len(leases(release)) == 2

    release.uninstall()

    eventually(lambda: not leases(release), "no lease of the operator's", 60)
    assert release.kubectl.get("eventtopics")["items"] == []
    assert node.cluster.kubectl.get("crd", "eventtopics.heartzone.dev")
    assert topics(kafka_cluster) == former_topics
    assert auditor.discrepancies(before.accepted) == []

    release.deploy()
    release.await_reachable()

    assert schemas(release) == former_schemas
    assert topics(kafka_cluster) == former_topics
    with Traffic(release.url()) as after:
        after.await_more(50)
    assert auditor.discrepancies([*before.accepted, *after.accepted]) == []
