"""Owners of topics, and resources that are due."""

from typing import Any

import pytest

from heartzone_operator.model.index import Index
from heartzone_operator.model.resource import Key, Resource, resource_of


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
    index = Index()
    index.update(resource("a"), 0)

    assert names(index.take_due(0, 10)) == ["a"]
    assert index.take_due(100, 10) == []


def test_a_change_of_status_alone_makes_nothing_due_and_a_change_of_spec_does() -> None:
    index = Index()
    index.update(resource("a"), 0)
    index.take_due(0, 10)

    index.update(resource("a", version=2), 1)
    assert index.take_due(1, 10) == []
    index.update(resource("a", version=3, generation=2), 2)
    assert names(index.take_due(2, 10)) == ["a"]


def test_a_late_version_of_a_removed_resource_does_not_replace_the_next_of_its_name() -> None:
    index = Index()
    index.update(resource("a", version=7, uid="second"), 0)
    index.update(resource("a", version=5, uid="first", generation=3), 0)

    seen = index.get(Key("shop", "a"))
    assert seen is not None
    assert seen.uid == "second"


def test_an_older_version_that_the_watch_delivers_late_is_ignored() -> None:
    index = Index()
    index.update(resource("a", version=5, generation=2), 0)
    index.update(resource("a", version=4, generation=1), 0)

    seen = index.get(Key("shop", "a"))
    assert seen is not None
    assert seen.generation == 2


def test_the_oldest_owns_a_topic_and_when_it_is_removed_the_next_is_due() -> None:
    index = Index()
    for each in (resource("b", created=1), resource("a", created=2), resource("c", created=3)):
        index.update(each, 0)
    index.take_due(0, 10)
    owner = index.owner("Orders")
    assert owner is not None
    assert owner.key.name == "b"

    index.remove(owner.key, 1)

    heir = index.owner("Orders")
    assert heir is not None
    assert heir.key.name == "a"
    assert set(names(index.take_due(1, 10))) == {"a", "c"}


def owner_of(index: Index) -> str:
    owner = index.owner("Orders")
    assert owner is not None
    return str(owner.key)


def status(reason: str, **fields: Any) -> dict[str, Any]:
    condition = {"type": "TopicReady", "status": "True", "reason": reason, "message": "", "lastTransitionTime": ""}
    return {"conditions": [condition], **fields}


@pytest.mark.parametrize("newcomer", ["an/a", "zoo/z"], ids=["sorts first", "sorts last"])
class TestOfTwoCreatedInTheSameSecond:
    def test_the_owner_stays_the_owner_before_its_status_is_written(self, newcomer: str) -> None:
        index = Index()
        first = resource("m", namespace="mid")
        index.update(first, 0)
        index.note_owner(first)

        index.update(named(newcomer), 0)

        assert owner_of(index) == "mid/m"

    @pytest.mark.parametrize(
        "written",
        [
            pytest.param(status("InSync", topicId="t"), id="created"),
            pytest.param(status("KafkaUnavailable"), id="Kafka was unavailable"),
            pytest.param(status("InvalidConfig"), id="rejected by the broker"),
            pytest.param(status("InvalidResource", topicId="t"), id="created, no longer valid"),
        ],
    )
    def test_after_a_restart_the_status_decides_the_owner(self, newcomer: str, written: dict[str, Any]) -> None:
        index = Index()
        index.update(named(newcomer, status=status("ResourceConflict")), 0)
        index.update(named("mid/m", status=written), 0)

        assert owner_of(index) == "mid/m"

    def test_a_resource_that_was_never_reconciled_owns_nothing(self, newcomer: str) -> None:
        index = Index()
        index.update(named(newcomer, status=status("Paused")), 0)
        index.update(named("mid/m", status=status("InSync", topicId="t")), 0)

        assert owner_of(index) == "mid/m"

    def test_when_the_owner_is_removed_the_other_owns_it_and_its_return_changes_nothing(self, newcomer: str) -> None:
        index = Index()
        first, second = named("mid/m"), named(newcomer)
        for each in (first, second):
            index.update(each, 0)
        index.note_owner(first)
        index.remove(first.key, 1, first.uid)
        assert owner_of(index) == newcomer

        index.note_owner(second)
        index.update(named("mid/m", uid="again"), 2)
        assert owner_of(index) == newcomer


def test_of_two_in_the_same_second_that_were_never_reconciled_the_names_decide_for_all_operators_alike() -> None:
    index = Index()
    index.update(named("zoo/a"), 0)
    index.update(named("shop/b"), 0)

    assert owner_of(index) == "shop/b"


def test_whoever_owns_a_topic_an_older_resource_becomes_the_owner() -> None:
    index = Index()
    younger = resource("a", created=2)
    index.update(younger, 0)
    index.note_owner(younger)

    index.update(resource("b", created=1), 1)

    assert owner_of(index) == "shop/b"


def test_the_removal_of_a_former_resource_of_the_name_does_not_remove_the_next() -> None:
    index = Index()
    index.update(resource("a", uid="second"), 0)

    index.remove(Key("shop", "a"), 1, uid="first")

    assert len(index) == 1


def test_the_readers_of_a_config_map_are_due_when_it_changes_and_others_are_not() -> None:
    index = Index()
    source = {"type": "JSON", "schemaFrom": {"configMapKeyRef": {"name": "schemas", "key": "order"}}}
    index.update(resource("reader", valueSchema=source), 0)
    index.update(resource("stranger", namespace="zoo", topic="Other", valueSchema=source), 0)
    index.take_due(0, 10)

    assert index.config_map_changed(Key("shop", "schemas"), 1)
    assert not index.config_map_changed(Key("shop", "other"), 1)

    assert names(index.take_due(1, 10)) == ["reader"]


def test_a_retry_waits_for_its_time_and_a_change_does_not_wait_for_the_retry() -> None:
    index = Index()
    index.update(resource("a"), 0)
    index.take_due(0, 10)
    index.due_at(Key("shop", "a"), 60)

    assert index.take_due(59, 10) == []
    assert index.next_due() == 60
    index.update(resource("a", version=2, generation=2), 30)
    assert names(index.take_due(30, 10)) == ["a"]
    assert index.next_due() is None


def test_a_batch_takes_no_more_than_its_limit() -> None:
    index = Index()
    for number in range(5):
        index.update(resource(f"r{number}", topic=f"t{number}"), 0)

    assert len(index.take_due(0, 3)) == 3
    assert len(index.take_due(0, 3)) == 2


def test_pausing_and_deleting_make_a_resource_due() -> None:
    index = Index()
    index.update(resource("a"), 0)
    index.take_due(0, 10)

    index.update(resource("a", version=2, metadata={"annotations": {"heartzone.dev/pause": "true"}}), 1)
    paused = index.take_due(1, 10)
    index.update(resource("a", version=3, metadata={"deletionTimestamp": "2026-01-01T01:00:00Z"}), 2)
    deleting = index.take_due(2, 10)

    assert [each.is_paused for each in paused] == [True]
    assert [each.is_deleting for each in deleting] == [True]
