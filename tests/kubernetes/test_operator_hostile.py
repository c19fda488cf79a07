"""Hostile resources: nothing crashes, nothing is fetched, and the others are reconciled as before."""

import json
import socket
from collections.abc import Callable

import pytest

from heartzone_testing.operators.bench import OperatorBench
from heartzone_testing.operators.event_topics import DRAFT_07, SCHEMA_1, condition_of, event_topic
from heartzone_testing.waiting import eventually


def of_a_megabyte(_: str) -> str:
    return f'{{{DRAFT_07}, "type": "object", "description": "{"x" * 1_000_000}"}}'


def that_loops(_: str) -> str:
    return f'{{{DRAFT_07}, "$ref": "#/definitions/a", "definitions": {{"a": {{"$ref": "#/definitions/a"}}}}}}'


def that_refers_elsewhere(url: str) -> str:
    return f'{{{DRAFT_07}, "type": "object", "properties": {{"a": {{"$ref": "{url}/a.json"}}}}}}'


def with_a_metaschema_elsewhere(url: str) -> str:
    return json.dumps({"$schema": f"{url}/meta.json", "type": "object"})


def nested_deeply(_: str) -> str:
    return f'{{{DRAFT_07}, "not": ' + '{"not": ' * 5_000 + "{}" + "}" * 5_001


def with_an_expression_that_backtracks(_: str) -> str:
    return f'{{{DRAFT_07}, "type": "string", "pattern": "^(a+)+$"}}'


def with_half_a_character(_: str) -> str:
    return f'{{{DRAFT_07}, "properties": {{"\\ud800": {{}}}}}}'


@pytest.mark.parametrize(
    "schema",
    [
        of_a_megabyte,
        that_loops,
        that_refers_elsewhere,
        with_a_metaschema_elsewhere,
        nested_deeply,
        with_an_expression_that_backtracks,
        with_half_a_character,
    ],
    ids=lambda schema: schema.__name__,
)
def test_a_hostile_schema_harms_nobody_else(served: OperatorBench, schema: Callable[[str], str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        hostile = event_topic(schema=schema(url))
        served.kubectl.apply(hostile, server_side=True)
        bystander = served.apply(event_topic(schema=SCHEMA_1))

        served.settled(bystander)
        status = served.settled(hostile["metadata"]["name"], ready=None)

        assert condition_of(status, "TopicReady")["status"] == "True", "whatever the schema is"
        assert len(condition_of(status, "Ready")["message"]) < 5_000
        with pytest.raises(BlockingIOError):
            listener.accept()
    served.kubectl("delete", "et", hostile["metadata"]["name"])


def test_a_key_of_the_configuration_that_no_request_can_hold_harms_nobody_else(served: OperatorBench) -> None:
    hostile = event_topic(config={"retention.ms\0": "1"})
    served.kubectl.apply(hostile)

    served.settled(served.apply(event_topic(config={"retention.ms": "1000"})))
    served.settled(hostile["metadata"]["name"], "False", reason="InvalidResource")

    assert served.topic(hostile["spec"]["topicName"]) is None


def test_a_long_name_and_a_message_of_many_bytes_make_an_event_too(served: OperatorBench) -> None:
    name = served.apply(event_topic(name="a" * 199 + "-" + "b" * 40, config={"retention.ms": "ж" * 700}))

    served.settled(name, "False", reason="InvalidConfig")

    eventually(lambda: "InvalidConfig" in served.event_reasons(name), "the event")
