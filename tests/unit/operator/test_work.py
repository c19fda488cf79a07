"""The outcome of the work on a resource, and the digest of what it desires."""

from event_topics import CreateTopic, DesiredTopic, EventTopicStatus, Failure, FailureReason
from heartzone_operator.model.resource import Key, Resource
from heartzone_operator.model.work import Work

UNAVAILABLE = Failure(FailureReason.KAFKA_UNAVAILABLE, "Kafka did not respond.")


def work(*, managed: tuple[str, ...] = (), **config: str) -> Work:
    return Work(
        Resource(
            key=Key("shop", "a"),
            uid="u",
            generation=1,
            resource_version=1,
            created="",
            spec={},
            status=EventTopicStatus(managed_config=managed),
        ),
        DesiredTopic(resource="shop/a", topic="A", partitions=1, config=config),
    )


def created(**config: str) -> CreateTopic:
    return CreateTopic(resource="shop/a", topic="A", half="topic", partitions=1, replicas=None, config=config)


def test_outcomes() -> None:
    unchanged, applied, blocked, waiting = (work() for _ in range(4))
    applied.applied.append(created())
    blocked.failures["topic"].append(Failure(FailureReason.FEWER_PARTITIONS, "No."))
    waiting.applied.append(created())
    waiting.failures["valueSchema"].append(UNAVAILABLE)

    assert [each.outcome.value for each in (unchanged, applied, blocked, waiting)] == [
        "unchanged",
        "applied",
        "refused",
        "waiting",
    ]


def test_neither_the_order_of_keys_nor_the_managed_ones_change_the_digest() -> None:
    assert work(a="1", b="2").digest == work(b="2", a="1", managed=("a",)).digest
    assert work(a="1").digest != work(a="2").digest
