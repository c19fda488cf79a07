"""The fields that a writer's schema declares are found, however its parts hang together."""

from collections.abc import Mapping
from typing import Any

import pytest

from heartzone.messages import Biometrics, HeartRate
from heartzone_zone_worker.decoding.writer_schema import undeclared_fields


class Counted(dict[str, Any]):
    """A schema that counts how often it is read."""

    asked = 0

    def get(self, key: str, default: Any = None) -> Any:
        if key == "$ref":
            Counted.asked += 1
        return super().get(key, default)


def _ladder(rungs: int) -> Mapping[str, Any]:
    """Each rung refers to the next one twice: as many ways lead to the last as two to the power of the rungs."""
    definitions: dict[str, Any] = {
        f"{rung}": Counted(allOf=[{"$ref": f"#/definitions/{rung + 1}"}, {"$ref": f"#/definitions/{rung + 1}"}])
        for rung in range(rungs)
    }
    definitions[f"{rungs}"] = Counted(properties={"Last": {}})
    return definitions


@pytest.fixture(autouse=True)
def _nothing_asked_yet() -> None:
    Counted.asked = 0


def test_each_part_of_a_schema_is_read_once_however_many_ways_lead_to_it() -> None:
    # Following each way would take a thousand years.
    schema = {"$ref": "#/definitions/0", "definitions": _ladder(64)}

    assert undeclared_fields(schema, Biometrics)[Biometrics] == {"Last"}
    assert Counted.asked == 65


def test_the_same_holds_for_a_reading() -> None:
    item = {"$ref": "#/definitions/0"}
    schema = {"properties": {"HeartRates": {"items": [item, item]}}, "definitions": _ladder(64)}

    assert undeclared_fields(schema, Biometrics) == {Biometrics: frozenset(), HeartRate: {"Last"}}
    assert Counted.asked == 65


@pytest.mark.parametrize("keyword", ["allOf", "anyOf", "oneOf"])
def test_a_schema_may_be_deeper_than_the_stack(keyword: str) -> None:
    schema: dict[str, Any] = {"properties": {"Deepest": {}}}
    for _ in range(3_000):
        schema = {keyword: [schema]}

    assert undeclared_fields(schema, Biometrics)[Biometrics] == {"Deepest"}


def test_a_chain_of_conditions_may_be_deeper_than_the_stack() -> None:
    schema: dict[str, Any] = {"properties": {"Deepest": {}}}
    for _ in range(3_000):
        schema = {"if": {"properties": {"Asked": {}}}, "else": schema}

    assert undeclared_fields(schema, Biometrics)[Biometrics] == {"Asked", "Deepest"}


def test_references_that_circle_end() -> None:
    schema = {
        "allOf": [{"$ref": "#/definitions/A"}],
        "definitions": {
            "A": {"properties": {"A": {}}, "anyOf": [{"$ref": "#/definitions/B"}]},
            "B": {"properties": {"B": {}}, "anyOf": [{"$ref": "#/definitions/A"}, {"$ref": "#"}]},
        },
    }

    assert undeclared_fields(schema, Biometrics)[Biometrics] == {"A", "B"}
