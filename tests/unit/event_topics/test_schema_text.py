"""Schemas are compared by their meaning, and validated before a registry stores what it should not."""

import re
import socket

import pytest

from event_topics import SchemaType
from event_topics.model.schema_text import canonical, problem_of


def test_layout_and_order_of_keys_make_no_difference() -> None:
    assert canonical("JSON", '{"a": 1,\n "b": [1, 2]}') == canonical("JSON", '{"b":[1,2],"a":1}')


@pytest.mark.parametrize("other", ['{"a": true}', '{"a": 1.0}', '{"a": "1"}', '{"a": [1]}', "no JSON"])
def test_another_value_makes_a_difference(other: str) -> None:
    assert canonical("JSON", '{"a": 1}') != canonical("JSON", other)


@pytest.mark.parametrize(
    ("schema_type", "text"),
    [
        ("JSON", "{}"),
        ("JSON", "true"),
        ("JSON", '{"$ref": "#"}'),
        ("JSON", '{"items": [{}, true]}'),
        ("JSON", '{"$schema": 5}'),
        ("JSON", '{"$schema": "https://json-schema.org/draft/2020-12/schema", "prefixItems": [{}]}'),
        ("AVRO", '"string"'),
        ("PROTOBUF", 'syntax = "proto3";'),
    ],
)
def test_a_valid_schema_has_no_problem(schema_type: SchemaType, text: str) -> None:
    assert problem_of(schema_type, text) is None


@pytest.mark.parametrize(
    ("schema_type", "text", "problem"),
    [
        pytest.param("JSON", "{", "is not JSON", id="not JSON"),
        pytest.param("JSON", "", "is not JSON", id="empty"),
        pytest.param("AVRO", "string", "is not JSON", id="Avro without quotes"),
        pytest.param("JSON", "[]", "is not a valid JSON Schema", id="a list"),
        pytest.param("JSON", '{"type": "nonsense"}', "is not a valid JSON Schema", id="no such type"),
        pytest.param("JSON", '{"properties": {"a": 1}}', "is not of types .* at /properties/a$", id="nested"),
        pytest.param("JSON", r'{"properties": {"\ud800": {}}}', "has a lone surrogate", id="half a character"),
        pytest.param("JSON", "[" * 100_000, "is nested too deeply|is not JSON", id="bottomless"),
        pytest.param("JSON", '{"not":' * 300 + "{}" + "}" * 300, "is nested too deeply", id="deep"),
        pytest.param("AVRO", "[" * 300 + "]" * 300, "is nested too deeply", id="deep Avro"),
    ],
)
def test_an_invalid_schema_has_a_problem(schema_type: SchemaType, text: str, problem: str) -> None:
    assert re.search(problem, problem_of(schema_type, text) or "")


@pytest.mark.parametrize("keyword", ["$ref", "$schema", "$id"])
def test_nothing_that_a_schema_refers_to_is_fetched(keyword: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as internal:
        port = internal.getsockname()[1]
        text = f'{{"{keyword}": "http://127.0.0.1:{port}/x", "not": {{"{keyword}": "http://127.0.0.1:{port}/y"}}}}'

        assert problem_of("JSON", text) is None

        internal.setblocking(False)
        with pytest.raises(BlockingIOError):
            internal.accept()
