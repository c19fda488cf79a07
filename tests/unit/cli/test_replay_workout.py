"""A workout as it is sent: durations, requests, pacing."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from heartzone_cli.replay.pacing import paced, unpaced
from heartzone_cli.replay.recordings import Sample
from heartzone_cli.replay.workout import SAMPLES_PER_REQUEST, Reading, Workout, body, rfc3339, timed

START = datetime(2022, 12, 2, 13, 50, tzinfo=UTC)
offsets = st.lists(st.integers(0, 10**9), max_size=60).map(sorted)


def samples_at(*seconds: float) -> list[Sample]:
    return [Sample(START + timedelta(seconds=second), 100) for second in seconds]


class Clock:
    """Time that passes only in `wait`, and where a test lets it pass."""

    def __init__(self) -> None:
        self.time = 1000.0

    def now(self) -> float:
        return self.time

    def wait(self, seconds: float) -> None:
        self.time += seconds


def test_a_reading_lasts_until_the_next_one_at_most_30_seconds_and_the_last_one_not_at_all() -> None:
    readings = timed(samples_at(0, 1, 1, 31, 62, 62.5))

    assert [reading.seconds for reading in readings] == [1, 0, 30, 30, 0.5, 0]


def test_a_single_reading_and_none_at_all_have_no_duration() -> None:
    assert [reading.seconds for reading in timed(samples_at(0))] == [0]
    assert timed([]) == ()


@given(offsets)
def test_durations_never_exceed_the_workout(seconds: list[int]) -> None:
    readings = timed(samples_at(*seconds))

    assert all(0 <= reading.seconds <= 30 for reading in readings)
    assert sum(reading.seconds for reading in readings) <= (seconds[-1] - seconds[0] if seconds else 0)


@given(st.integers(0, 3 * SAMPLES_PER_REQUEST + 1))
def test_unpaced_sends_every_reading_once_and_in_order(count: int) -> None:
    readings = timed(samples_at(*range(count)))
    batches = list(unpaced(readings))

    assert [reading for batch in batches for reading in batch] == list(readings)
    assert all(0 < len(batch) <= SAMPLES_PER_REQUEST for batch in batches)


def test_the_largest_request_stays_far_below_the_limit_of_the_api() -> None:
    widest = Reading(datetime(2022, 12, 2, 13, 50, 0, 123_456, tzinfo=UTC), 2**31 - 1, 0)
    workout = Workout(Path("a.fit"), "3fa85f64-5717-4562-b3fc-2c963f66afa6", 2**31 - 1, ())

    assert len(body(workout, [widest] * SAMPLES_PER_REQUEST)) < 100_000


def test_a_request_is_the_message_of_the_api() -> None:
    workout = Workout(Path("a.fit"), "3fa85f64-5717-4562-b3fc-2c963f66afa6", 200, ())

    assert json.loads(body(workout, timed(samples_at(0, 1.5)))) == {
        "deviceId": "3fa85f64-5717-4562-b3fc-2c963f66afa6",
        "heartRates": [
            {"dateTime": "2022-12-02T13:50:00Z", "value": 100},
            {"dateTime": "2022-12-02T13:50:01.500000Z", "value": 100},
        ],
        "maxHeartRate": 200,
    }


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_time_that_is_written_reads_back_the_same(time: datetime) -> None:
    assert datetime.fromisoformat(rfc3339(time)) == time


def test_real_time_sends_each_reading_when_it_was_recorded() -> None:
    clock = Clock()
    sent = [
        (clock.now() - 1000, len(batch))
        for batch in paced(timed(samples_at(0, 1, 5, 5)), 1.0, now=clock.now, wait=clock.wait)
    ]

    assert sent == [(0, 1), (1, 1), (5, 2)]


def test_a_higher_speed_shortens_the_waits() -> None:
    clock = Clock()
    list(paced(timed(samples_at(0, 600)), 60.0, now=clock.now, wait=clock.wait))

    assert clock.now() == 1010


def test_what_became_due_while_a_request_was_under_way_goes_into_the_next_one() -> None:
    clock = Clock()
    sizes = []
    for batch in paced(timed(samples_at(*range(7))), 1.0, now=clock.now, wait=clock.wait):
        sizes.append(len(batch))
        clock.time += 2.5  # the API is slow

    assert sizes == [1, 2, 3, 1]


@given(offsets.filter(bool), st.floats(0.01, 1e6))
def test_pacing_sends_every_reading_once_and_in_order(seconds: list[int], speed: float) -> None:
    clock = Clock()
    readings = timed(samples_at(*seconds))
    batches = list(paced(readings, speed, now=clock.now, wait=clock.wait))

    assert [reading for batch in batches for reading in batch] == list(readings)
    assert all(batches)
