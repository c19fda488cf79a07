"""Values of the chart are put together as Helm does it with its files."""

from heartzone_testing.release.values import merged


def test_mappings_are_merged_key_by_key_and_all_else_is_replaced() -> None:
    values = {"producer": {"replicas": 2, "env": {"A": 1}}, "from": [1, 2], "log": "info"}

    assert merged(values, {"producer": {"env": {"B": 2}}}, {"from": [3], "log": {"level": "debug"}}) == {
        "producer": {"replicas": 2, "env": {"A": 1, "B": 2}},
        "from": [3],
        "log": {"level": "debug"},
    }
    assert values["producer"] == {"replicas": 2, "env": {"A": 1}}
