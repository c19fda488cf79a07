"""Samples and minutes per zone, as counted from zone events."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from heartzone.messages import HeartRateZoneReached
from heartzone_cli.replay.outcome import Outcome
from heartzone_cli.replay.recordings import Sample
from heartzone_cli.replay.report import ZoneLine, zone_lines
from heartzone_cli.replay.tally import ZoneCounter
from heartzone_cli.replay.workout import Workout, rfc3339, timed

DEVICE = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
START = datetime(2022, 12, 2, 13, 50, tzinfo=UTC)


def workout(*heart_rates: int, step: float = 1) -> Workout:
    samples = [Sample(START + timedelta(seconds=i * step), value) for i, value in enumerate(heart_rates)]
    return Workout(Path("a.fit"), DEVICE, 200, timed(samples))


def event(zone: int, date_time: str, heart_rate: int, device: str = DEVICE) -> HeartRateZoneReached:
    return HeartRateZoneReached(device, zone, date_time, heart_rate, 200)


def count(counter: ZoneCounter, zone: int, second: float, heart_rate: int, device: str = DEVICE) -> None:
    counter.count(event(zone, rfc3339(START + timedelta(seconds=second)), heart_rate, device))


def test_a_message_counts_a_sample_and_its_duration_in_the_zone_that_it_names() -> None:
    counter = ZoneCounter([workout(110, 130, 150, step=60)])

    count(counter, 1, 0, 110)
    count(counter, 2, 60, 130)
    count(counter, 3, 120, 150)

    assert counter.tally.samples == {1: 1, 2: 1, 3: 1}
    assert counter.tally.seconds == {1: 30, 2: 30, 3: 0}


def test_a_duplicate_message_is_unexpected() -> None:
    counter = ZoneCounter([workout(110, 130)])

    count(counter, 1, 0, 110)
    count(counter, 1, 0, 110)

    assert counter.tally.samples == {1: 1}
    assert counter.tally.unexpected == 1


def test_the_same_recording_sent_twice_counts_twice() -> None:
    counter = ZoneCounter([workout(110, 130), workout(110, 130)])

    count(counter, 1, 0, 110)
    count(counter, 1, 0, 110)

    assert counter.tally.seconds == {1: 2}
    assert counter.tally.unexpected == 0


def test_messages_of_other_readings_and_devices_are_unexpected() -> None:
    counter = ZoneCounter([workout(110, 130)])

    count(counter, 1, 0, 111)
    count(counter, 1, 0.5, 110)
    count(counter, 1, 0, 110, device="00000000-0000-0000-0000-000000000000")

    assert counter.tally.unexpected == 3


def test_two_readings_of_the_same_time_are_distinguished_by_their_heart_rate() -> None:
    counter = ZoneCounter([workout(90, 110, step=0)])

    count(counter, 1, 0, 110)

    assert counter.tally.samples == {1: 1}


def test_a_time_in_another_notation_is_the_same_time() -> None:
    counter = ZoneCounter([workout(110)])
    counter.count(event(1, "2022-12-02T14:50:00.0000000+01:00", 110))

    assert counter.tally.samples == {1: 1}


def test_a_message_with_an_invalid_time_is_invalid() -> None:
    counter = ZoneCounter([workout(110)])
    counter.count(event(1, "noon", 110))

    assert counter.tally.invalid == 1


def accepted(sent: Workout) -> Outcome:
    seconds = sum(reading.seconds for reading in sent.readings)
    count = len(sent.readings)
    return Outcome(sent, sent=count, accepted=count, accepted_seconds=seconds)


def test_accepted_samples_without_a_message_are_in_no_zone() -> None:
    sent = workout(90, 110, 90, step=30)
    counter = ZoneCounter([sent])
    count(counter, 1, 30, 110)

    lines = zone_lines([accepted(sent)], counter.tally, missing=0)

    assert lines == [
        ZoneLine(0, 2, 0.5),
        ZoneLine(1, 1, 0.5),
        *(ZoneLine(zone, 0, 0.0) for zone in (2, 3, 4, 5)),
    ]


def test_no_zone_is_left_out_while_samples_are_missing() -> None:
    sent = workout(90, 110)

    lines = zone_lines([accepted(sent)], ZoneCounter([sent]).tally, missing=2)

    assert [line.zone for line in lines] == [1, 2, 3, 4, 5]
