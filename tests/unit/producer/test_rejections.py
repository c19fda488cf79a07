"""The reasons for which requests are rejected, which are labels of a metric."""

import re

import pytest

from heartzone_producer.api.problems import ProblemError, ProblemKind
from heartzone_producer.rejections import Rejection, RejectionReason, ServiceUnavailableReason
from heartzone_testing.checkout import ROOT

SOURCE = ROOT / "services" / "producer" / "src"
ALL = [*RejectionReason, *ServiceUnavailableReason]
KINDS = [kind for kind in ProblemKind if kind is not ProblemKind.UNAVAILABLE]


@pytest.mark.parametrize("reason", ALL, ids=repr)
def test_each_reason_says_what_it_means_and_what_to_do(reason: Rejection) -> None:
    assert reason.meaning.endswith(".")
    assert reason.remedy.endswith(".")


@pytest.mark.parametrize("reason", ALL, ids=repr)
def test_each_reason_is_given_somewhere(reason: Rejection) -> None:
    name = f"{type(reason).__name__}.{reason.name}"
    texts = [path.read_text(encoding="utf-8") for path in SOURCE.rglob("*.py") if path.name != "rejections.py"]
    of_a_kind = {ProblemError(kind, "a detail").reason for kind in KINDS}

    assert reason in of_a_kind or any(re.search(rf"\b{re.escape(name)}\b", text) for text in texts)
