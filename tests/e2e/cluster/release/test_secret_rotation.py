"""A password that changes, in Kafka and in its Secret: the pods that there are follow it."""

import secrets
from collections.abc import Callable, Iterator

import pytest

from heartzone_testing.kafka_cluster.cluster import KafkaCluster
from heartzone_testing.release.release import Release, name_of, uid_of
from heartzone_testing.traffic.auditor import Auditor
from heartzone_testing.traffic.client import ABSORBED
from heartzone_testing.traffic.load import Traffic
from heartzone_testing.waiting import eventually

USER = "heartzone-producer"
KUBELET_SYNC_S = 240
"""Kubelet writes a Secret's new files within a minute or two."""


@pytest.fixture
def give_password(release: Release, kafka_cluster: KafkaCluster) -> Iterator[Callable[[str], None]]:
    """Give the producer's user a password, in Kafka and in its Secret; it has its former one after the test."""
    former = kafka_cluster.passwords[USER]

    def give(password: str) -> None:
        kafka_cluster.set_password(USER, password)
        release.kubectl.apply(kafka_cluster.user_secret(USER))

    yield give
    give(former)


def test_the_pods_that_there_are_follow_a_password_and_no_client_notices(
    release: Release, auditor: Auditor, give_password: Callable[[str], None]
) -> None:
    before = uids(release, "producer", "zone-worker", "operator")

    with Traffic(release.url()) as traffic:
        give_password(secrets.token_urlsafe())
        eventually(lambda: all_have_renewed(release), "the producers to follow", KUBELET_SYNC_S, every=2)
        traffic.await_more(50)

    assert uids(release, "producer", "zone-worker", "operator") == before
    assert traffic.outcomes.keys() <= ABSORBED, traffic.outcomes
    assert auditor.discrepancies(traffic.accepted) == []


def all_have_renewed(release: Release) -> bool:
    logs = [release.kubectl("logs", name_of(pod)) for pod in release.pods("producer")]
    return all("connection_renewed" in log for log in logs)


def uids(release: Release, *components: str) -> set[str]:
    return {uid_of(pod) for pod in release.pods(*components)}
