"""Heart rates in FIT files: of watches, of straps that store them under water, of devices that are worn all day."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.cli.fit_files import BYTE, UINT8, UINT16, UINT32, Field, FitMessage, fit_file

from heartzone_cli.replay.recordings import Recording, Sample, UnreadableRecordingError, load
from heartzone_cli.replay.recordings.fit_times import ShortTimes, StrapTimes
from heartzone_cli.root import heartzone

NOON = 1_040_126_400  # 2022-12-16T12:00:00Z in seconds since FIT's epoch
RECORD, HR, MONITORING = 20, 132, 55

Read: TypeAlias = Callable[..., Recording]


def at(second: int, microsecond: int = 0) -> datetime:
    return datetime(2022, 12, 16, 12, 0, second, microsecond, tzinfo=UTC)


def record(seconds: int, heart_rate: int) -> FitMessage:
    return FitMessage(RECORD, [Field(253, UINT32, [seconds]), Field(3, UINT8, [heart_rate])])


def strap_start(seconds: int, ticks: int, heart_rate: int) -> FitMessage:
    fields = [Field(253, UINT32, [seconds]), Field(0, UINT16, [16384]), Field(6, UINT8, [heart_rate])]
    return FitMessage(HR, [*fields, Field(9, UINT32, [ticks])])


def strap(heart_rates: list[int], ticks: list[int]) -> FitMessage:
    return FitMessage(HR, [Field(6, UINT8, heart_rates), Field(10, BYTE, list(packed(ticks)))])


def packed(ticks: list[int]) -> bytes:
    """Numbers of 12 bits, two in three bytes, as FIT packs them."""
    whole = sum((each & 0xFFF) << 12 * index for index, each in enumerate(ticks))
    return whole.to_bytes(-(-len(ticks) // 2) * 3, "little")


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def read(*messages: FitMessage) -> Recording:
        path = tmp_path / "a.fit"
        path.write_bytes(fit_file(*messages))
        return load(path)

    return read


def test_heart_rates_that_a_strap_stored_come_at_its_own_times(read: Read) -> None:
    recording = read(record(NOON, 0xFF), strap_start(NOON, 5000, 90), strap([91, 92], [5512, 6536]))

    assert recording.samples == (
        Sample(at(0, 500_000), 90),
        Sample(at(1), 91),
        Sample(at(2), 92),
    )


def test_what_the_watch_recorded_itself_is_not_read_again_from_the_strap(read: Read) -> None:
    recording = read(record(NOON, 80), strap_start(NOON, 5000, 90), strap([91, 92], [5512, 6536]))

    assert recording.samples == (Sample(at(0), 80), Sample(at(1), 91), Sample(at(2), 92))


def test_what_fills_the_last_message_of_a_strap_up_is_no_sample(read: Read) -> None:
    recording = read(strap_start(NOON, 5000, 90), strap([91, 91, 91, 91], [5512, 5512, 5512, 5512]))

    assert recording.samples == (Sample(at(0, 500_000), 90), Sample(at(1), 91))


@given(st.integers(0, 2**32 - 1), st.lists(st.integers(1, 4095), min_size=1, max_size=40))
def test_twelve_bits_of_a_straps_ticks_are_enough_as_long_as_four_seconds_have_a_heart_beat(
    start: int, gaps: list[int]
) -> None:
    times, ticks = StrapTimes(), start
    expected: list[float] = []
    short: list[int] = []
    times.read(timestamp=NOON, fraction=None, events=[start], short_events=b"")
    for gap in gaps:
        ticks += gap
        short.append(ticks)
        expected.append(NOON + (ticks - start) / 1024)

    found = times.read(timestamp=None, fraction=None, events=[], short_events=packed(short))

    assert found[: len(gaps)] == pytest.approx(expected, abs=1e-6)


def test_a_strap_without_a_date_is_told(read: Read) -> None:
    with pytest.raises(UnreadableRecordingError, match="not the date from which their times count"):
        read(record(NOON, 0xFF), FitMessage(HR, [Field(6, UINT8, [90]), Field(9, UINT32, [5000])]))


def test_heart_rates_of_a_day_are_read(read: Read) -> None:
    def short(seconds: int, heart_rate: int) -> FitMessage:
        return FitMessage(MONITORING, [Field(26, UINT16, [seconds & 0xFFFF]), Field(27, UINT8, [heart_rate])])

    first = FitMessage(MONITORING, [Field(253, UINT32, [NOON]), Field(27, UINT8, [60])])

    assert read(first, short(NOON + 30, 61), short(NOON + 45, 0xFF), short(NOON + 59, 62)).samples == (
        Sample(at(0), 60),
        Sample(at(30), 61),
        Sample(at(59), 62),
    )


@given(st.integers(2**28, 2**32 - 2**20), st.lists(st.integers(0, 65535), max_size=10))
def test_sixteen_bits_of_a_time_are_enough_as_long_as_there_is_one_in_18_hours(start: int, gaps: list[int]) -> None:
    times, seconds = ShortTimes(), start
    assert times.read(start, None) == start
    for gap in gaps:
        seconds += gap
        assert times.read(None, seconds & 0xFFFF) == seconds


def test_a_clock_that_was_not_set_is_told(read: Read) -> None:
    with pytest.raises(UnreadableRecordingError, match="its clock was not set"):
        read(record(77, 90))


def test_what_a_clock_that_is_set_later_leaves_out_is_counted(read: Read) -> None:
    recording = read(record(77, 90), record(78, 90), record(NOON, 91))

    assert recording.samples == (Sample(at(0), 91),)
    assert list(recording.left_out.values()) == [2]


def test_a_recording_of_which_a_part_is_left_out_says_so_before_it_is_sent(tmp_path: Path) -> None:
    path = tmp_path / "a.fit"
    path.write_bytes(fit_file(record(77, 90), record(78, 90), record(NOON, 91)))

    done = CliRunner().invoke(heartzone, ["replay", str(path), "--api", "http://127.0.0.1:9", "--json"])

    assert done.exit_code != 0
    assert f"Left out: {path} has heart rates with times that count from when the device was switched on" in done.stderr
    assert "(2 times)" in done.stderr
    assert not [json.loads(line) for line in done.stdout.splitlines()]
