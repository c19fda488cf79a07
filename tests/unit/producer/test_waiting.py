"""Requests wait for their records in the order in which they came, each until one outcome."""

import asyncio
from collections.abc import Callable

import pytest
from prometheus_client import CollectorRegistry

from heartzone_producer.metrics import WriterMetrics
from heartzone_producer.rejections import ServiceUnavailableReason
from heartzone_producer.writing.errors import RecordTooLargeError, UnavailableError
from heartzone_producer.writing.waiting import Acknowledgement, WaitingRecords

Scenario = Callable[[WaitingRecords, WriterMetrics, list[Acknowledgement]], None]


def _with_three_waiting_since_0_1_and_2(scenario: Scenario) -> None:
    async def run() -> None:
        metrics = WriterMetrics(CollectorRegistry())
        waiting = WaitingRecords(metrics)
        acknowledgements = [asyncio.get_running_loop().create_future() for _ in range(3)]
        for since, acknowledgement in enumerate(acknowledgements):
            waiting.add(acknowledgement, since)
        scenario(waiting, metrics, acknowledgements)

    asyncio.run(run())


def test_the_oldest_that_still_waits_tells_the_age() -> None:
    def scenario(waiting: WaitingRecords, metrics: WriterMetrics, them: list[Acknowledgement]) -> None:
        assert waiting.age(10) == 10
        assert waiting.end(them[0], None, 10)
        assert waiting.age(10) == 9
        assert waiting.end(them[2], None, 10)
        assert waiting.end(them[1], RecordTooLargeError(), 10)
        assert waiting.age(10) == 0
        assert (len(waiting), metrics.in_flight) == (0, 0)
        assert isinstance(them[1].exception(), RecordTooLargeError)

    _with_three_waiting_since_0_1_and_2(scenario)


def test_what_is_overdue_ends_as_stored_once_or_not_at_all_and_the_rest_goes_on_waiting() -> None:
    def scenario(waiting: WaitingRecords, metrics: WriterMetrics, them: list[Acknowledgement]) -> None:
        waiting.end_overdue(9, 10)
        assert [each.done() for each in them] == [True, True, False]
        error = them[0].exception()
        assert isinstance(error, UnavailableError)
        assert error.reason is ServiceUnavailableReason.BROKER_UNAVAILABLE
        assert "stored once or not at all" in str(error)
        assert (len(waiting), metrics.in_flight) == (1, 3), "their records are still held"
        assert them[1].exception() is not None

    _with_three_waiting_since_0_1_and_2(scenario)


def test_a_record_without_an_outcome_is_held_until_it_is_forgotten() -> None:
    def scenario(waiting: WaitingRecords, metrics: WriterMetrics, them: list[Acknowledgement]) -> None:
        waiting.end_overdue(5, 10)
        assert all(each.exception() is not None for each in them)
        assert waiting.oldest_record(10) == 10
        assert waiting.forget(9, 10)
        assert waiting.oldest_record(10) == 8
        assert not waiting.forget(9, 10)
        assert not waiting.end(them[0], None, 11)
        assert metrics.in_flight == 1

    _with_three_waiting_since_0_1_and_2(scenario)


@pytest.mark.parametrize("error", [None, RecordTooLargeError()])
def test_an_outcome_that_comes_after_the_request_has_ended_changes_nothing(error: RecordTooLargeError | None) -> None:
    def scenario(waiting: WaitingRecords, metrics: WriterMetrics, them: list[Acknowledgement]) -> None:
        waiting.end_overdue(10, 10)
        them[1].cancel()

        assert not waiting.end(them[0], error, 11), "it has its 503"
        assert not waiting.end(them[1], error, 11), "its client is gone"
        assert isinstance(them[0].exception(), UnavailableError)
        assert (len(waiting), metrics.in_flight) == (1, 1)

    _with_three_waiting_since_0_1_and_2(scenario)
