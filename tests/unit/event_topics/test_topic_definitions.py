"""The project's own topics, as `schemas/topics` defines them."""

from event_topics import DesiredSchema, load_event_topics
from event_topics.embedding import main
from heartzone_testing.checkout import ROOT

SCHEMAS = ROOT / "schemas"


def test_there_is_one_definition_for_each_topic_of_the_pipeline() -> None:
    desired = load_event_topics([SCHEMAS / "topics"]).desired()

    assert {each.topic: each.partitions for each in desired} == {
        "RawBiometricsImported": 12,
        "BiometricsImported": 12,
        "HeartRateZoneReached": 12,
        "BiometricsImported.dlq": 12,
    }


def test_the_two_messages_are_registered_under_the_rule_that_new_readers_read_old_messages() -> None:
    desired = load_event_topics([SCHEMAS / "topics"]).desired()

    schemas = {each.topic: each.value_schema for each in desired if each.value_schema is not None}
    assert schemas == {
        "BiometricsImported": DesiredSchema("JSON", (SCHEMAS / "Biometrics.json").read_text(), "BACKWARD"),
        "HeartRateZoneReached": DesiredSchema("JSON", (SCHEMAS / "HeartRateZoneReached.json").read_text(), "BACKWARD"),
    }


def test_the_copies_of_the_schemas_are_up_to_date() -> None:
    assert main([str(SCHEMAS / "topics"), "--check"]) == 0
