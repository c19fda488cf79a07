"""Changes of subjects, by whatever a registry shows of its schemas."""

from typing import Any, cast

from event_topics import Failure, FailureReason, Latest
from event_topics.registry.changes import Changes, Mark, changes_since
from event_topics.registry.client import RegistryClient, RegistryRequestError

FORBIDDEN = RegistryRequestError(Failure(FailureReason.REGISTRY_UNAUTHORIZED, "403"), 40301)
SILENT = RegistryRequestError(Failure(FailureReason.REGISTRY_UNAVAILABLE, "no response"))


class Registry:
    """Lists `schemas` and `subjects`, and fails on what it has no list of; it has a search that always fails."""

    def __init__(self, search: RegistryRequestError | None = None, **listings: list[Any]) -> None:
        self.has_search = search is not None
        self._search = search
        self.listings = listings
        self.requests: list[str] = []

    def listing(self, path: str, _: type) -> list[Any]:
        self.requests.append(path)
        if path not in self.listings:
            raise FORBIDDEN
        return self.listings[path]

    def search(self, _: object) -> dict[str, Any]:
        self.requests.append("search")
        assert self._search is not None
        raise self._search


def schema(subject: str, version: int, schema_id: int) -> dict[str, Any]:
    return {"subject": subject, "version": version, "id": schema_id, "schema": "{}"}


def changes(registry: Registry, since: Mark | None = None) -> Changes:
    return changes_since(since, cast("RegistryClient", registry))


def test_a_registry_that_lists_schemas_with_their_subjects_shows_which_have_changed() -> None:
    registry = Registry(schemas=[schema("a", 1, 7), schema("b", 1, 8), schema("c", 1, 8)])
    first = changes(registry)
    assert first.subjects is None, "nothing is known before"
    registry.listings["schemas"] = [schema("a", 1, 7), schema("a", 2, 9), schema("c", 1, 8), schema("d", 1, 7)]

    found = changes(registry, first.mark)

    assert found.subjects == {"a": Latest(2, frozenset({9})), "b": None, "d": Latest(1, frozenset({7}))}
    assert changes(registry, found.mark).subjects == {}


def test_a_registry_that_lists_schemas_without_their_subjects_shows_that_any_may_have_changed() -> None:
    registry = Registry(schemas=[{"schema": "{}"}])
    first = changes(registry)
    assert changes(registry, first.mark).subjects == {}

    registry.listings["schemas"] = [{"schema": "{}"}, {"schema": "{}"}]

    assert changes(registry, first.mark).subjects is None


def test_a_registry_that_lists_subjects_alone_shows_no_versions() -> None:
    registry = Registry(subjects=["a"])
    first = changes(registry)

    assert not first.shows_versions
    assert changes(registry, first.mark).subjects == {}


def test_a_search_that_is_not_served_is_tried_once_and_one_that_fails_for_a_while_again() -> None:
    forbidden, silent = Registry(FORBIDDEN, schemas=[]), Registry(SILENT, schemas=[])
    for registry in (forbidden, silent):
        changes(registry, changes(registry).mark)

    assert forbidden.requests == ["search", "schemas", "schemas"]
    assert silent.requests == ["search", "schemas"] * 2
