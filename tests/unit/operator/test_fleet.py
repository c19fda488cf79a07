"""Who keeps a topic, and what is due: decided without a cluster."""

from typing import Any

import pytest

from heartzone_operator.fleet import Fleet
from heartzone_operator.resources import Key, Resource, resource_of


def resource(name: str, *, topic: str = "Orders", version: int = 1, created: int = 0, **more: Any) -> Resource:
    metadata = {
        "namespace": more.pop("namespace", "shop"),
        "name": name,
        "uid": more.pop("uid", f"uid-{name}"),
        "generation": more.pop("generation", 1),
        "resourceVersion": str(version),
        "creationTimestamp": f"2026-01-01T00:00:{created:02}Z",
    } | more.pop("metadata", {})
    status = more.pop("status", {})
    return resource_of({"metadata": metadata, "spec": {"topicName": topic, "partitions": 1, **more}, "status": status})


def named(key: str, **more: Any) -> Resource:
    namespace, name = key.split("/")
    return resource(name, namespace=namespace, **more)


def names(resources: list[Resource]) -> list[str]:
    return [each.key.name for each in resources]


def test_a_new_resource_is_due_once() -> None:
    fleet = Fleet()
    fleet.saw(resource("a"), 0)

    assert names(fleet.take_due(0, 10)) == ["a"]
    assert fleet.take_due(100, 10) == []


def test_a_change_of_status_alone_is_no_reason_to_look_and_a_change_of_spec_is() -> None:
    fleet = Fleet()
    fleet.saw(resource("a"), 0)
    fleet.take_due(0, 10)

    fleet.saw(resource("a", version=2), 1)
    assert fleet.take_due(1, 10) == []
    fleet.saw(resource("a", version=3, generation=2), 2)
    assert names(fleet.take_due(2, 10)) == ["a"]


def test_what_comes_late_of_a_resource_that_is_gone_does_not_displace_its_successor() -> None:
    fleet = Fleet()
    fleet.saw(resource("a", version=7, uid="second"), 0)
    fleet.saw(resource("a", version=5, uid="first", generation=3), 0)

    seen = fleet.get(Key("shop", "a"))
    assert seen is not None
    assert seen.uid == "second"


def test_an_older_version_that_the_watch_brings_late_is_ignored() -> None:
    fleet = Fleet()
    fleet.saw(resource("a", version=5, generation=2), 0)
    fleet.saw(resource("a", version=4, generation=1), 0)

    seen = fleet.get(Key("shop", "a"))
    assert seen is not None
    assert seen.generation == 2


def test_the_oldest_keeps_a_topic_and_when_it_goes_the_next_is_due() -> None:
    fleet = Fleet()
    for each in (resource("b", created=1), resource("a", created=2), resource("c", created=3)):
        fleet.saw(each, 0)
    fleet.take_due(0, 10)
    keeper = fleet.keeper("Orders")
    assert keeper is not None
    assert keeper.key.name == "b"

    fleet.gone(keeper.key, 1)

    heir = fleet.keeper("Orders")
    assert heir is not None
    assert heir.key.name == "a"
    assert set(names(fleet.take_due(1, 10))) == {"a", "c"}


def keeper_of(fleet: Fleet) -> str:
    keeper = fleet.keeper("Orders")
    assert keeper is not None
    return str(keeper.key)


def status(reason: str, **fields: Any) -> dict[str, Any]:
    condition = {"type": "TopicReady", "status": "True", "reason": reason, "message": "", "lastTransitionTime": ""}
    return {"conditions": [condition], **fields}


@pytest.mark.parametrize("newcomer", ["an/a", "zoo/z"], ids=["sorts first", "sorts last"])
class TestOfTwoMadeInTheSameSecond:
    def test_the_one_whose_topic_it_is_already_keeps_it_before_its_status_tells(self, newcomer: str) -> None:
        fleet = Fleet()
        first = resource("m", namespace="mid")
        fleet.saw(first, 0)
        fleet.keeps(first)

        fleet.saw(named(newcomer), 0)

        assert keeper_of(fleet) == "mid/m"

    @pytest.mark.parametrize(
        "written",
        [
            pytest.param(status("InSync", topicId="t"), id="made"),
            pytest.param(status("KafkaUnavailable"), id="Kafka was away"),
            pytest.param(status("InvalidConfig"), id="refused by the broker"),
            pytest.param(status("InvalidResource", topicId="t"), id="made, no longer valid"),
        ],
    )
    def test_after_a_restart_the_status_tells_who_keeps_it(self, newcomer: str, written: dict[str, Any]) -> None:
        fleet = Fleet()
        fleet.saw(named(newcomer, status=status("ResourceConflict")), 0)
        fleet.saw(named("mid/m", status=written), 0)

        assert keeper_of(fleet) == "mid/m"

    def test_what_was_never_looked_at_keeps_nothing(self, newcomer: str) -> None:
        fleet = Fleet()
        fleet.saw(named(newcomer, status=status("Paused")), 0)
        fleet.saw(named("mid/m", status=status("InSync", topicId="t")), 0)

        assert keeper_of(fleet) == "mid/m"

    def test_when_the_one_that_keeps_it_goes_the_other_does_and_its_return_changes_nothing(self, newcomer: str) -> None:
        fleet = Fleet()
        first, second = named("mid/m"), named(newcomer)
        for each in (first, second):
            fleet.saw(each, 0)
        fleet.keeps(first)
        fleet.gone(first.key, 1, first.uid)
        assert keeper_of(fleet) == newcomer

        fleet.keeps(second)
        fleet.saw(named("mid/m", uid="again"), 2)
        assert keeper_of(fleet) == newcomer


def test_of_two_in_the_same_second_that_nobody_has_looked_at_the_names_decide_for_all_operators_alike() -> None:
    fleet = Fleet()
    fleet.saw(named("zoo/a"), 0)
    fleet.saw(named("shop/b"), 0)

    assert keeper_of(fleet) == "shop/b"


def test_whoever_keeps_a_topic_the_older_one_takes_it() -> None:
    fleet = Fleet()
    younger = resource("a", created=2)
    fleet.saw(younger, 0)
    fleet.keeps(younger)

    fleet.saw(resource("b", created=1), 1)

    assert keeper_of(fleet) == "shop/b"


def test_a_deletion_of_a_former_namesake_is_not_taken_for_one_of_its_successor() -> None:
    fleet = Fleet()
    fleet.saw(resource("a", uid="second"), 0)

    fleet.gone(Key("shop", "a"), 1, uid="first")

    assert len(fleet) == 1


def test_who_reads_a_config_map_is_due_when_it_changes_and_others_are_not() -> None:
    fleet = Fleet()
    source = {"type": "JSON", "schemaFrom": {"configMapKeyRef": {"name": "schemas", "key": "order"}}}
    fleet.saw(resource("reader", valueSchema=source), 0)
    fleet.saw(resource("stranger", namespace="zoo", topic="Other", valueSchema=source), 0)
    fleet.take_due(0, 10)

    assert fleet.config_map_changed(Key("shop", "schemas"), 1)
    assert not fleet.config_map_changed(Key("shop", "other"), 1)

    assert names(fleet.take_due(1, 10)) == ["reader"]


def test_a_retry_waits_for_its_time_and_a_change_does_not_wait_for_the_retry() -> None:
    fleet = Fleet()
    fleet.saw(resource("a"), 0)
    fleet.take_due(0, 10)
    fleet.due_at(Key("shop", "a"), 60)

    assert fleet.take_due(59, 10) == []
    assert fleet.next_due() == 60
    fleet.saw(resource("a", version=2, generation=2), 30)
    assert names(fleet.take_due(30, 10)) == ["a"]
    assert fleet.next_due() is None


def test_a_batch_takes_no_more_than_its_limit() -> None:
    fleet = Fleet()
    for number in range(5):
        fleet.saw(resource(f"r{number}", topic=f"t{number}"), 0)

    assert len(fleet.take_due(0, 3)) == 3
    assert len(fleet.take_due(0, 3)) == 2


def test_pausing_and_deleting_are_news() -> None:
    fleet = Fleet()
    fleet.saw(resource("a"), 0)
    fleet.take_due(0, 10)

    fleet.saw(resource("a", version=2, metadata={"annotations": {"heartzone.dev/pause": "true"}}), 1)
    paused = fleet.take_due(1, 10)
    fleet.saw(resource("a", version=3, metadata={"deletionTimestamp": "2026-01-01T01:00:00Z"}), 2)
    deleting = fleet.take_due(2, 10)

    assert [each.is_paused for each in paused] == [True]
    assert [each.is_deleting for each in deleting] == [True]
