"""Steps that need a confirmation: they cannot be undone, as more partitions or the deletion of records."""

import pytest

from event_topics import Action, AddPartitions, AlterConfig, ConfigChange, CreateTopic, SetCompatibility, consequences


def altered(key: str, before: str | None, after: str | None) -> AlterConfig:
    change = ConfigChange(key=key, before=before, after=after)
    return AlterConfig(resource="orders", topic="Orders", half="topic", changes=(change,))


@pytest.mark.parametrize(
    "action",
    [
        pytest.param(AddPartitions(resource="o", topic="O", half="topic", before=1, after=2), id="more partitions"),
        pytest.param(altered("retention.ms", "10", "9"), id="shorter retention"),
        pytest.param(altered("retention.ms", "-1", "9"), id="retention that had no end"),
        pytest.param(altered("retention.bytes", None, "9"), id="retention of unknown length before"),
        pytest.param(altered("retention.ms", "10", None), id="retention of unknown length after"),
        pytest.param(altered("cleanup.policy", "compact", "compact, delete"), id="deletion as well"),
        pytest.param(altered("cleanup.policy", "delete", "compact"), id="compaction instead"),
    ],
)
def test_what_cannot_be_undone_has_a_consequence(action: Action) -> None:
    (sentence,) = consequences(action)

    assert sentence.endswith(".")


@pytest.mark.parametrize(
    "action",
    [
        pytest.param(
            CreateTopic(resource="o", topic="O", half="topic", partitions=1, replicas=None, config={}), id="create"
        ),
        pytest.param(
            SetCompatibility(resource="o", topic="O", half="valueSchema", subject="O-value", before=None, after="NONE"),
            id="compatibility",
        ),
        pytest.param(altered("retention.ms", "9", "10"), id="longer retention"),
        pytest.param(altered("retention.ms", "9", "-1"), id="endless retention"),
        pytest.param(altered("retention.ms", "-1", "-1"), id="endless as before"),
        pytest.param(altered("cleanup.policy", "compact,delete", "delete"), id="one policy less"),
        pytest.param(altered("min.insync.replicas", "2", "1"), id="another key"),
    ],
)
def test_what_can_be_undone_has_none(action: Action) -> None:
    assert consequences(action) == ()
