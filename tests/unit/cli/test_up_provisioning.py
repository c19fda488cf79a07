"""Applying of the topics by `up` to a Kafka and a registry that have just started, and do not respond in time."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from event_topics import Failure, FailureReason
from event_topics.apply import Outcome, Report
from event_topics.model.steps import CreateTopic, Unknown
from heartzone_cli.errors import CannotRunError
from heartzone_cli.up import provisioning

Apply = Callable[[Report, Report], tuple[int, int]]

APPLIED = Report(
    ("biometrics",),
    (Outcome(CreateTopic(resource="biometrics", topic="B", half="topic", partitions=1, replicas=None, config={})),),
)
UNCHANGED = Report(("biometrics",), ())


def failed(reason: FailureReason) -> Report:
    failure = Failure(reason, "It did not respond.")
    return Report(
        ("biometrics",),
        (Outcome(Unknown(resource="biometrics", topic="B", half="valueSchema", failure=failure), failure),),
    )


class Part:
    """Where a running part has its address."""

    def client_config(self) -> dict[str, str]:
        return {}


@pytest.fixture
def apply(monkeypatch: pytest.MonkeyPatch) -> Apply:
    """Apply definitions in runs that end in these reports, one after the other."""

    def apply_definitions(*reports: Report) -> tuple[int, int]:
        left = list(reports)
        monkeypatch.setattr(provisioning, "apply_event_topics", lambda *_, **__: left.pop(0))
        monkeypatch.setattr(provisioning, "RETRY_INTERVAL", 0)
        part: Any = Part()
        return provisioning.apply_definitions([], part, part, Path("data"))

    return apply_definitions


@pytest.mark.parametrize(
    "reason",
    [
        FailureReason.KAFKA_UNAVAILABLE,
        FailureReason.TOPIC_FAILED,
        FailureReason.REGISTRY_UNAVAILABLE,
        FailureReason.SUBJECT_FAILED,
    ],
)
def test_what_does_not_respond_at_first_is_applied_again(apply: Apply, reason: FailureReason) -> None:
    assert apply(failed(reason), APPLIED) == (1, 1)


def test_topics_that_an_earlier_run_changed_are_counted(apply: Apply) -> None:
    partly = Report(APPLIED.resources, APPLIED.outcomes + failed(FailureReason.SUBJECT_FAILED).outcomes)

    assert apply(partly, UNCHANGED) == (1, 1)


def test_a_definition_that_needs_a_person_fails_at_once(apply: Apply) -> None:
    with pytest.raises(CannotRunError, match=r"did not respond\. Change the definition, or start with empty data"):
        apply(failed(FailureReason.INVALID_SCHEMA), APPLIED)


def test_what_never_responds_is_no_fault_of_the_definition(apply: Apply, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provisioning, "WARM_UP_LIMIT", -1.0)

    with pytest.raises(CannotRunError, match=r"did not respond\. It was tried for .* see the logs, and start again"):
        apply(failed(FailureReason.REGISTRY_UNAVAILABLE), APPLIED)
