"""A password that changes: pods read it at their start, and an upgrade restarts those whose Secret has changed."""

import secrets
from collections.abc import Callable, Iterator

import pytest

from heartzone_testing.kafka_cluster.cluster import KafkaCluster
from heartzone_testing.release.release import Release, uid_of
from heartzone_testing.traffic.auditor import Auditor
from heartzone_testing.traffic.client import ABSORBED
from heartzone_testing.traffic.load import Traffic

USER = "heartzone-producer"


@pytest.fixture
def give_password(release: Release, kafka_cluster: KafkaCluster) -> Iterator[Callable[[str], None]]:
    """Give the producer's user a password, in Kafka and in its Secret; it has its former one after the test."""
    former = kafka_cluster.passwords[USER]

    def give(password: str) -> None:
        kafka_cluster.set_password(USER, password)
        release.kubectl.apply(kafka_cluster.user_secret(USER))

    yield give
    give(former)


def test_an_upgrade_starts_the_pods_anew_whose_secret_has_changed_and_no_others(
    release: Release, auditor: Auditor, give_password: Callable[[str], None]
) -> None:
    producers, others = uids(release, "producer"), uids(release, "zone-worker", "operator")

    with Traffic(release.url()) as traffic:
        give_password(secrets.token_urlsafe())
        release.deploy()
        release.await_ready("producer", 2)
        traffic.await_more(50)

    assert not producers & uids(release, "producer")
    assert others == uids(release, "zone-worker", "operator")
    assert traffic.outcomes.keys() <= ABSORBED, traffic.outcomes
    assert auditor.discrepancies(traffic.accepted) == []


def uids(release: Release, *components: str) -> set[str]:
    return {uid_of(pod) for pod in release.pods(*components)}
