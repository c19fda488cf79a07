"""The one right order of decisions about an error from a transactional call."""

import pytest
from confluent_kafka import KafkaError

from exactly_once.core.error_reactions import ENDS_THE_PRODUCER, Reaction, is_fencing, reaction_to
from exactly_once.core.reasons import AbortReason, RebuildReason, kafka_error_name


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        pytest.param({"fatal": True}, Reaction.REBUILD, id="fatal"),
        pytest.param({"fatal": True, "retriable": True}, Reaction.REBUILD, id="fatal-comes-before-retriable"),
        pytest.param({"fatal": True, "txn_requires_abort": True}, Reaction.REBUILD, id="fatal-comes-before-abort"),
        pytest.param({"txn_requires_abort": True}, Reaction.ABORT, id="abortable"),
        pytest.param({"txn_requires_abort": True, "retriable": True}, Reaction.ABORT, id="abort-before-retriable"),
        pytest.param({"retriable": True}, Reaction.RETRY, id="retriable"),
        pytest.param({}, Reaction.REBUILD, id="no-flag-is-treated-as-fatal"),
    ],
)
def test_fatal_comes_before_abort_before_retry(flags: dict[str, bool], expected: Reaction) -> None:
    assert reaction_to(KafkaError(KafkaError._STATE, None, **flags)) is expected


@pytest.mark.parametrize("flags", [{"txn_requires_abort": True}, {"retriable": True}], ids=["abortable", "retriable"])
@pytest.mark.parametrize(
    "code",
    [
        KafkaError.INVALID_PRODUCER_ID_MAPPING,
        KafkaError.UNKNOWN_PRODUCER_ID,
        KafkaError.INVALID_PRODUCER_EPOCH,
        KafkaError.PRODUCER_FENCED,
        KafkaError._FENCED,
    ],
)
def test_what_a_producer_never_gets_over_rebuilds_it_whatever_its_flags_promise(
    code: int, flags: dict[str, bool]
) -> None:
    assert reaction_to(KafkaError(code, None, **flags)) is Reaction.REBUILD


def test_each_exception_from_the_flags_has_its_own_reason() -> None:
    assert len(set(ENDS_THE_PRODUCER.values())) == len(ENDS_THE_PRODUCER)


@pytest.mark.parametrize(
    ("code", "fences"),
    [
        pytest.param(KafkaError.MSG_SIZE_TOO_LARGE, False, id="too-large"),
        pytest.param(KafkaError.INVALID_TIMESTAMP, False, id="timestamp"),
        pytest.param(KafkaError.INVALID_RECORD, False, id="record"),
        pytest.param(KafkaError._FENCED, True, id="fenced"),
        pytest.param(KafkaError.PRODUCER_FENCED, True, id="producer-fenced"),
        pytest.param(KafkaError.FENCED_INSTANCE_ID, True, id="instance-id"),
        pytest.param(KafkaError.INVALID_PRODUCER_EPOCH, True, id="epoch"),
        pytest.param(KafkaError.ILLEGAL_GENERATION, False, id="neither"),
    ],
)
def test_the_name_of_an_error_says_whether_another_process_has_taken_over(code: int, fences: bool) -> None:
    assert is_fencing(kafka_error_name(KafkaError(code).name())) == fences


def test_reasons_of_ours_are_no_fencing() -> None:
    assert not any(is_fencing(reason) for reason in (*AbortReason, *RebuildReason))
