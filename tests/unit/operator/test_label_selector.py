"""Label selectors select what the API server selects."""

import pytest

from heartzone_operator.model.label_selector import LabelSelector


@pytest.mark.parametrize(
    ("text", "labels", "is_selected"),
    [
        ("", {}, True),
        ("team=orders", {"team": "orders"}, True),
        ("team==orders", {"team": "billing"}, False),
        ("team = orders , tier=gold", {"team": "orders", "tier": "gold"}, True),
        ("team=orders,tier=gold", {"team": "orders"}, False),
        ("team!=orders", {}, True),
        ("team!=orders", {"team": "orders"}, False),
        ("tier in (gold, silver)", {"tier": "silver"}, True),
        ("tier in (gold, silver),team=a", {"tier": "silver", "team": "b"}, False),
        ("tier in (gold)", {}, False),
        ("tier notin (gold)", {}, True),
        ("example.org/team", {"example.org/team": ""}, True),
        ("team", {}, False),
        ("!team", {}, True),
        ("!team", {"team": "a"}, False),
        ("team=", {"team": ""}, True),
    ],
)
def test_what_is_selected(text: str, labels: dict[str, str], is_selected: bool) -> None:
    assert LabelSelector(text).matches(labels) is is_selected


@pytest.mark.parametrize("text", ["team=a b", "tier in gold", "tier in (a b)", ",", "a=b,", "!", "-a", "(a)"])
def test_what_is_no_selector_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="is no requirement of a label"):
        LabelSelector(text)


def test_operators_of_other_labels_have_leases_of_other_names() -> None:
    assert LabelSelector("").suffix == ""
    assert LabelSelector("a=b").suffix != LabelSelector("a=c").suffix
