"""The release after `helm install --wait`, in a namespace that admits only restricted pods."""

import uuid

import httpx2

from heartzone_testing.release.release import Release, is_ready
from heartzone_testing.topics import TOPIC_NAMES
from heartzone_testing.traffic.auditor import Auditor
from heartzone_testing.waiting import eventually
from kubernetes_node.nodes.node import Node


def test_every_pod_is_ready_where_only_restricted_pods_may_run(node: Node, release: Release) -> None:
    namespace = node.cluster.kubectl.get("namespace", str(release.kubectl.namespace))
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"

    pods = release.pods()

    assert len(pods) == 5
    assert all(is_ready(pod) for pod in pods)


def test_the_topics_of_the_product_become_ready(release: Release) -> None:
    release.kubectl("wait", "--for=condition=Ready", "--timeout=60s", "eventtopic", "--all", timeout=70)

    topics = release.kubectl.get("eventtopics")["items"]
    assert sorted(topic["spec"]["topicName"] for topic in topics) == TOPIC_NAMES


def test_readings_posted_through_the_service_come_out_as_their_zones(release: Release, auditor: Auditor) -> None:
    device = str(uuid.uuid4())
    rates = [{"dateTime": f"2022-12-02T13:5{n}:00.000Z", "value": 90 + 20 * n} for n in range(6)]
    message = {"deviceId": device, "heartRates": rates, "maxHeartRate": 200}

    response = httpx2.post(f"{release.url()}/biometrics", json=message, timeout=15, trust_env=False)

    assert (response.status_code, response.json()["deviceId"]) == (202, device)
    eventually(lambda: len(auditor.zones_of(device)) >= 5, "five zones")
    assert auditor.zones_of(device) == [1, 2, 3, 4, 5]


def test_helm_test_passes(release: Release) -> None:
    assert "Phase:          Succeeded" in release.helm("test", release.name)
