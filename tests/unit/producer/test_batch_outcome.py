"""The response to a batch: each item that was not stored, within a bounded size."""

import msgspec
import pytest

from heartzone.violations import Violation
from heartzone_producer.api.batch import MAX_ITEMS
from heartzone_producer.api.batch_outcome import FURTHER_VIOLATIONS, BatchOutcome
from heartzone_producer.intake.errors import (
    MAX_VIOLATIONS,
    InvalidBodyError,
    InvalidMessageError,
    MalformedBodyError,
)
from heartzone_producer.rejections import ServiceUnavailableReason
from heartzone_producer.writing.errors import NotAcknowledgedError, RecordTooLargeError, UnavailableError

WRONG = Violation("/value", "0 is wrong")


@pytest.mark.parametrize(
    ("error", "status", "retryable"),
    [
        pytest.param(MalformedBodyError([WRONG]), 400, False, id="not JSON"),
        pytest.param(RecordTooLargeError("too large"), 413, False, id="fits no record"),
        pytest.param(InvalidMessageError([WRONG]), 422, False, id="no valid message"),
        pytest.param(UnavailableError(ServiceUnavailableReason.QUEUE_FULL, "full"), 503, True, id="not acknowledged"),
    ],
)
def test_an_item_has_the_status_that_it_would_have_alone(
    error: InvalidBodyError | NotAcknowledgedError, status: int, retryable: bool
) -> None:
    outcome = BatchOutcome()
    outcome.reject(7, error)
    outcome.complete()

    (item,) = outcome.items
    assert (item.index, item.status, item.retryable) == (7, status, retryable)
    assert item.errors[0].detail == outcome.errors[0].detail


def test_items_are_told_in_order_whatever_became_of_them_first() -> None:
    outcome = BatchOutcome()
    for index in (3, 1, 2):
        outcome.reject(index, InvalidMessageError([WRONG]))
    outcome.complete()

    assert [item.index for item in outcome.items] == [1, 2, 3]
    assert [error.index for error in outcome.errors] == [1, 2, 3]


def test_every_item_is_told_and_the_response_stays_small() -> None:
    """Of many that have many errors, the first ones have all of theirs, and each has its first."""
    outcome = BatchOutcome()
    for index in range(MAX_ITEMS):
        outcome.reject(index, InvalidMessageError([WRONG] * MAX_VIOLATIONS))
    outcome.complete()

    assert (outcome.refused, len(outcome.items)) == (MAX_ITEMS, MAX_ITEMS)
    assert sum(len(item.errors) for item in outcome.items) == MAX_ITEMS + FURTHER_VIOLATIONS
    assert len(outcome.items[0].errors) == MAX_VIOLATIONS
    assert min(len(item.errors) for item in outcome.items) == 1
    assert len(outcome.errors) == MAX_VIOLATIONS
    assert len(msgspec.json.encode(outcome)) < 2_000_000
