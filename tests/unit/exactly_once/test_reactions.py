"""The one right order of decisions about an error from a transactional call."""

import pytest
from confluent_kafka import KafkaError

from exactly_once.reactions import Reaction, reaction_to, reason_of


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


def test_an_error_names_its_reason_without_librdkafkas_underscores() -> None:
    assert reason_of(KafkaError(KafkaError._FENCED).name()) == "fenced"
    assert reason_of(KafkaError(KafkaError.PRODUCER_FENCED).name()) == "producer_fenced"
