"""Reasons as labels: ours in closed sets, and the names of librdkafka's errors."""

import json
import re

import pytest
from confluent_kafka import KafkaError
from hypothesis import given
from hypothesis import strategies as st

from exactly_once import AbortReason, DeadLetterReason, Reason, RebalanceEvent, RebuildReason, WaitReason
from exactly_once.core.reasons import RebuildCause, kafka_error_name
from exactly_once.core.signals import ProducerLost
from heartzone_testing.checkout import ROOT

SOURCE = ROOT / "libs" / "exactly-once" / "src" / "exactly_once"
ALL = [*AbortReason, *RebuildReason, *DeadLetterReason, *WaitReason]
CODES = sorted({code for name, code in vars(KafkaError).items() if name.isupper() and isinstance(code, int)})


@pytest.mark.parametrize("reason", ALL, ids=repr)
def test_each_reason_says_what_it_means_and_what_to_do(reason: Reason) -> None:
    assert reason.meaning.endswith(".")
    assert reason.remedy.endswith(".")


@pytest.mark.parametrize("reason", [*ALL, *RebalanceEvent], ids=repr)
def test_each_reason_is_given_somewhere(reason: Reason | RebalanceEvent) -> None:
    name = f"{type(reason).__name__}.{reason.name}"
    texts = [path.read_text(encoding="utf-8") for path in SOURCE.rglob("*.py") if path.name != "reasons.py"]

    assert any(re.search(rf"\b{re.escape(name)}\b", text) for text in texts)


@pytest.mark.parametrize(
    ("cause", "expected"),
    [
        (RebuildReason.COMMIT_TIMED_OUT, AbortReason.COMMIT_TIMED_OUT),
        (RebuildReason.TRANSACTION_TIMED_OUT, AbortReason.TRANSACTION_TIMED_OUT),
        (RebuildReason.OFFSETS_TIMED_OUT, "offsets_timed_out"),
        (kafka_error_name("_FENCED"), "fenced"),
    ],
)
def test_a_lost_producer_that_committed_nothing_is_an_abort_under_the_same_label(
    cause: RebuildCause, expected: str
) -> None:
    abort_cause = ProducerLost(cause).abort_cause

    assert abort_cause == cause == expected
    assert not isinstance(abort_cause, RebuildReason)


def test_a_producer_that_is_lost_over_an_abort_keeps_the_reason_of_the_abort() -> None:
    lost = ProducerLost(RebuildReason.ABORT_TIMED_OUT, abort_cause=AbortReason.QUEUE_FULL)

    assert (lost.cause, lost.abort_cause) == (RebuildReason.ABORT_TIMED_OUT, AbortReason.QUEUE_FULL)


def test_the_labels_that_alerts_and_dashboards_depend_on_stay_as_they_are() -> None:
    assert {str(reason) for reason in AbortReason} == {
        "commit_timed_out",
        "input_topic_recreated",
        "input_topic_unverified",
        "not_in_group",
        "offsets_timed_out",
        "queue_full",
        "too_many_dead_letters",
        "transaction_timed_out",
        "unproducible",
    }
    assert {str(reason) for reason in RebuildReason} == {
        "abort_timed_out",
        "commit_timed_out",
        "disconnected_while_ending_a_transaction",
        "offsets_timed_out",
        "reconnected",
        "sequence_gap",
        "transaction_timed_out",
    }
    assert {str(reason) for reason in DeadLetterReason} == {"unproducible"}
    assert {str(event) for event in RebalanceEvent} == {"assigned", "revoked", "lost"}


def test_a_reason_is_its_value_wherever_text_is_expected() -> None:
    assert f"{AbortReason.QUEUE_FULL}" == "queue_full"
    assert json.dumps({"reason": AbortReason.QUEUE_FULL}) == '{"reason": "queue_full"}'


def test_an_error_names_its_reason_without_librdkafkas_underscores() -> None:
    assert kafka_error_name(KafkaError(KafkaError._FENCED).name()) == "fenced"
    assert kafka_error_name(KafkaError(KafkaError.PRODUCER_FENCED).name()) == "producer_fenced"


@given(st.sampled_from(CODES) | st.integers(-300, 300))
def test_the_name_of_every_error_is_a_label(code: int) -> None:
    """Also of a code that this librdkafka does not know: a newer broker may send one."""
    assert re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)*", kafka_error_name(KafkaError(code).name()))
