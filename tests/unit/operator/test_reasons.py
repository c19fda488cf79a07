"""Reasons are a contract: each is documented, and pages name no reason that does not exist."""

import re

import pytest

from event_topics import FailureReason
from event_topics.model import Reason
from heartzone_operator.model.reasons import ConditionReason
from heartzone_operator.reference import reference
from heartzone_testing.checkout import ROOT

REASONS: tuple[Reason, ...] = (*ConditionReason, *FailureReason)
# Pages besides docs/eventtopic.md that name reasons, with the cells of their tables that do.
FIRST_CELL, LAST_CELL = r"^\|([^|]+)\|", r"\|([^|]+)\|$"
PAGES = {
    "docs/from-strimzi.md": LAST_CELL,
    "docs/kubernetes.md": r"^\| EventTopic not ready, ([^|]+)\|",
    "docs/runbooks/HeartzoneEventTopicNotReady.md": FIRST_CELL,
    "libs/event-topics/README.md": LAST_CELL,
}


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_has_a_meaning_and_a_remedy_and_its_row_in_the_reference(reason: Reason) -> None:
    assert reason.status in {"True", "False", "Unknown"}
    assert reason.meaning.endswith(".")
    assert reason.remedy.endswith(".")
    assert f"| `{reason.value}` | {reason.status} | {reason.meaning} | {reason.remedy} |" in reference().splitlines()


@pytest.mark.parametrize("reason", REASONS)
def test_a_member_is_named_after_its_value(reason: Reason) -> None:
    assert reason.name == re.sub(r"(?<=[a-z])(?=[A-Z])", "_", reason.value).upper()


def test_no_reason_is_defined_twice() -> None:
    assert len({reason.value for reason in REASONS}) == len(REASONS)


@pytest.mark.parametrize(("page", "cell"), PAGES.items(), ids=PAGES)
def test_a_page_names_only_reasons_that_exist(page: str, cell: str) -> None:
    cells = re.findall(cell, (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)
    named = {word for each in cells for word in re.findall(r"`([A-Z][a-z]+(?:[A-Z][a-z]+)+)`", each)}

    assert named
    assert named <= {reason.value for reason in REASONS}
