"""The audit that other tests rest on finds what it is there to find."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice

import pytest

from heartzone.messages import Biometrics, HeartRate, HeartRateZoneReached
from heartzone.zones import Zone, zone_of
from heartzone_testing.traffic.audit import discrepancies, single_send_discrepancies
from heartzone_testing.traffic.readings import MAX_HEART_RATE, Reading, readings_of

DEVICES = [str(uuid.UUID(int=number)) for number in range(3)]


def message(reading: Reading) -> Biometrics:
    return Biometrics(reading.device, [HeartRate(reading.date_time, reading.heart_rate)], MAX_HEART_RATE)


def event(reading: Reading) -> HeartRateZoneReached:
    zone = zone_of(reading.heart_rate, MAX_HEART_RATE)
    return HeartRateZoneReached(reading.device, zone, reading.date_time, reading.heart_rate, MAX_HEART_RATE)


@dataclass
class Run:
    """Three devices with twelve readings each, all accepted, stored once and turned into zones once."""

    accepted: list[Reading] = field(default_factory=list)
    inputs: dict[int, list[Biometrics]] = field(default_factory=dict)
    outputs: dict[int, list[HeartRateZoneReached]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for number, device in enumerate(DEVICES):
            readings = list(islice(readings_of(device), 12))
            self.accepted += readings
            self.inputs[number % 2] = [*self.inputs.get(number % 2, []), *map(message, readings)]
            self.outputs[number % 2] = [
                *self.outputs.get(number % 2, []),
                *(event(each) for each in readings if zone_of(each.heart_rate, MAX_HEART_RATE) is not Zone.NONE),
            ]

    def findings(self) -> list[str]:
        return discrepancies(self.accepted, self.inputs, self.outputs)

    def findings_when_sent_once(self, *, without_202: int = 0) -> list[str]:
        return single_send_discrepancies(self.accepted, self.accepted[without_202:], self.inputs, self.outputs)


def test_a_run_without_fault_has_no_finding() -> None:
    run = Run()

    assert len(run.accepted) == 36
    assert sum(map(len, run.outputs.values())) == 30
    assert run.findings() == []


def test_a_reading_that_was_sent_again_and_stored_twice_yields_one_zone() -> None:
    run = Run()
    run.inputs[0].insert(3, run.inputs[0][2])
    assert run.findings() == []

    run.outputs[0].insert(2, run.outputs[0][1])
    [finding] = run.findings()
    assert "1 time(s) too many in the output" in finding


def test_a_copy_that_arrives_late_is_no_change_of_order() -> None:
    """The first copy counts: a producer that responded with 503 may store the reading after its successor did."""
    run = Run()
    run.inputs[0].append(run.inputs[0][1])

    assert run.findings() == []


def test_what_others_have_sent_is_held_against_the_output_too() -> None:
    run = Run()
    other = Reading(str(uuid.UUID(int=99)), "2022-12-02T13:50:00Z", 150)
    run.inputs[0].append(message(other))
    assert any(other.device in finding for finding in run.findings())

    run.outputs[0].append(event(other))
    assert run.findings() == []


def lose_an_accepted_reading(run: Run) -> None:
    del run.inputs[0][0]


def lose_a_zone(run: Run) -> None:
    del run.outputs[1][4]


def double_a_zone(run: Run) -> None:
    run.outputs[1].append(run.outputs[1][-1])


def swap_zones(run: Run) -> None:
    run.outputs[1][0], run.outputs[1][1] = run.outputs[1][1], run.outputs[1][0]


def swap_readings(run: Run) -> None:
    """Readings in no zone, so that only the input is wrong."""
    log = run.inputs[1]
    log[0], log[6] = log[6], log[0]


def invent_a_zone(run: Run) -> None:
    run.outputs[0].append(event(Reading(str(uuid.UUID(int=99)), "2022-12-02T13:50:00Z", 150)))


def give_a_reading_in_no_zone_a_zone(run: Run) -> None:
    reading = next(readings_of(DEVICES[1]))
    run.outputs[1].append(event(reading))


def mistake_a_zone(run: Run) -> None:
    wrong = run.outputs[1][0]
    run.outputs[1][0] = HeartRateZoneReached(wrong.device_id, 5, wrong.date_time, wrong.heart_rate, 200)


def invent_a_reading(run: Run) -> None:
    reading = Reading(DEVICES[1], "2022-12-02T13:50:00Z", 90)
    run.inputs[1].append(message(reading))


def move_a_device_to_another_partition(run: Run) -> None:
    run.outputs[0].append(run.outputs[1].pop())


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (lose_an_accepted_reading, "accepted, but not in the input"),
        (invent_a_reading, "in the input, but never sent"),
        (swap_readings, "another order than they were sent in"),
        (lose_a_zone, "1 time(s) too few in the output"),
        (double_a_zone, "1 time(s) too many in the output"),
        (invent_a_zone, "1 time(s) too many in the output"),
        (give_a_reading_in_no_zone_a_zone, "1 time(s) too many in the output"),
        (mistake_a_zone, "1 time(s) too few in the output"),
        (swap_zones, "another order than its readings"),
        (move_a_device_to_another_partition, "is in partitions [0, 1] of the output"),
    ],
)
def test_a_fault_is_found_and_named(fault: Callable[[Run], None], sentence: str) -> None:
    run = Run()
    fault(run)

    assert any(sentence in finding for finding in run.findings()), run.findings()


def test_what_was_sent_once_may_be_stored_without_being_accepted() -> None:
    assert Run().findings_when_sent_once(without_202=2) == []


def test_what_was_sent_once_may_be_neither_accepted_nor_stored() -> None:
    run = Run()
    del run.inputs[0][0]  # in no zone, so that the output does not change

    assert run.findings_when_sent_once(without_202=1) == []
    [finding] = run.findings_when_sent_once()
    assert finding.startswith("accepted, but not in the input")


@pytest.mark.parametrize(("without_202", "status"), [(0, "accepted"), (3, "not accepted")])
def test_what_was_sent_once_is_never_stored_twice(without_202: int, status: str) -> None:
    run = Run()
    run.inputs[0].insert(3, run.inputs[0][2])

    [finding] = run.findings_when_sent_once(without_202=without_202)

    assert finding.startswith(f"sent once, {status}, and 2 times in the input")


def test_what_nobody_sent_is_found_when_all_was_sent_once() -> None:
    run = Run()
    run.inputs[0].append(message(Reading(DEVICES[0], "2022-12-02T13:50:00Z", 90)))

    [finding] = run.findings_when_sent_once()

    assert finding.startswith("in the input, but never sent")
