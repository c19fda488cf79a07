"""A right that a worker lacks ends it with a sentence that names it, in both group protocols."""

import uuid
from collections.abc import Iterator

import pytest
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from embedded_kafka import EmbeddedKafka
from embedded_kafka.broker.security import Security
from exactly_once import AuthorizationError
from heartzone_testing.brokers.testbed import Testbed
from heartzone_testing.engine.threads import running
from heartzone_testing.engine.workers import copy_to, worker_on
from heartzone_testing.waiting import eventually

AUTHORIZER = {
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    # The plaintext listener, for the node itself and for the test.
    "super.users": "User:ANONYMOUS",
}
NEEDED = {
    "topics": ResourceType.TOPIC,
    "group": ResourceType.GROUP,
    "transactional id": ResourceType.TRANSACTIONAL_ID,
}


@pytest.fixture(scope="module")
def guarded_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedKafka]:
    security = Security(users={"heartzone": "a-Pa55word"})
    log_dir = tmp_path_factory.mktemp("guarded-kafka")
    with EmbeddedKafka(security=security, broker_properties=AUTHORIZER, log_dir=log_dir, jvm="startup") as kafka:
        yield kafka


@pytest.mark.parametrize("group_protocol", ["classic", "consumer"])
@pytest.mark.parametrize("lacking", NEEDED)
def test_a_right_that_is_missing_is_named(guarded_kafka: EmbeddedKafka, lacking: str, group_protocol: str) -> None:
    admin = AdminClient({**guarded_kafka.client_config()})
    owner, user = Testbed(guarded_kafka.client_config()), Testbed(guarded_kafka.client_config("SASL_SSL"))
    source, target = owner.create_topics("in", "out")
    owner.send(source, b"a")
    group = f"group-{uuid.uuid4().hex[:8]}"
    names = {"topics": [source, target], "group": [group], "transactional id": [group]}
    bindings = [
        AclBinding(
            resource,
            name,
            ResourcePatternType.LITERAL,
            "User:heartzone",
            "*",
            AclOperation.ALL,
            AclPermissionType.ALLOW,
        )
        for what, resource in NEEDED.items()
        for name in names[what]
        if what != lacking
    ]
    for future in admin.create_acls(bindings).values():
        future.result()

    worker = worker_on(
        user, source, copy_to(target), group_id=group, transactional_id=group, group_protocol=group_protocol
    )
    with running(worker) as failures:
        if lacking == "topics":  # brokers show a topic only to those with a right to it, which may yet be granted
            eventually(lambda: "no ACL lets this user see it" in (worker.unready_reason or ""), "the topic's name")
            assert failures == []
            return
        eventually(lambda: failures, "the worker's end")

    assert isinstance(failures[0], AuthorizationError)
    assert names[lacking][0] in str(failures[0])
