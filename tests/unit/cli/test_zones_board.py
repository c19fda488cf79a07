"""The live board: the figures of each device, their bounds, and the table."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from heartzone.messages import HeartRateZoneReached
from heartzone_cli.zones.board import HISTORY, Board
from heartzone_cli.zones.follow import line
from heartzone_cli.zones.live_table import clock, sparkline, table

DEVICE = "3fa85f64-5717-4562-b3fc-2c963f66afa6"


def message(second: float, zone: int = 1, heart_rate: int = 110, device: str = DEVICE) -> HeartRateZoneReached:
    time = f"2022-12-02T13:{50 + int(second) // 60:02}:{second % 60:09.6f}Z"
    return HeartRateZoneReached(device, zone, time, heart_rate, 200)


def drawn(
    board: Board, *, width: int = 160, height: int = 24, invalid: int = 0, connection_error: str | None = None
) -> str:
    console = Console(file=io.StringIO(), width=width)
    console.print(table(board, width=width, height=height, invalid=invalid, connection_error=connection_error))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_reading_counts_for_its_zone_until_the_next_message_at_most_30_seconds() -> None:
    board = Board()
    for received in (message(0, zone=1), message(10, zone=2), message(100, zone=3)):
        board.update(received)
    (device,) = board

    assert device.seconds == {1: 10, 2: 30}
    assert device.latest.zone == 3


def test_time_that_goes_backwards_counts_nothing() -> None:
    board = Board()
    board.update(message(10))
    board.update(message(0))
    (device,) = board

    assert device.seconds == {1: 0}


def test_the_most_recently_updated_device_is_first_and_the_least_recently_updated_one_is_evicted() -> None:
    board = Board(max_devices=2)
    for received in (message(0, device="a"), message(0, device="b"), message(1, device="a")):
        board.update(received)
    board.update(message(0, device="c"))

    assert [device.latest.device_id for device in board] == ["c", "a"]


def test_the_heart_rates_of_a_device_are_bounded() -> None:
    board = Board()
    for second in range(HISTORY + 5):
        board.update(message(second, heart_rate=second))
    (device,) = board

    assert list(device.heart_rates) == list(range(5, HISTORY + 5))


@pytest.mark.parametrize("time", ["noon", "", "0001-01-01T00:00:00+14:00"])
def test_an_invalid_date_time_leaves_the_board_unchanged(time: str) -> None:
    board = Board()

    with pytest.raises(ValueError, match=r"Invalid isoformat|outside the years"):
        board.update(HeartRateZoneReached(DEVICE, 1, time, 110, 200))

    assert len(board) == 0


def test_the_table_shows_zone_heart_rate_sparkline_and_time_in_each_zone() -> None:
    board = Board()
    for received in (message(0, 1, 110), message(10, 3, 150), message(29.5, 5, 190)):
        board.update(received)
    (row,) = [text for text in drawn(board).splitlines() if DEVICE in text]

    assert row.split() == [DEVICE, "Zone5", "190", "▁▄█", "0:00", "0:10", "0:00", "0:19", "0:00", "0:00"]


def test_a_small_terminal_shows_the_time_in_the_current_zone_and_nothing_cut_off() -> None:
    board = Board()
    for second in range(HISTORY):
        board.update(message(second, heart_rate=100 + second))
    text = drawn(board, width=80)
    (row,) = [text for text in text.splitlines() if DEVICE in text]

    assert "…" not in text
    assert row.split()[-1] == "0:39"
    assert row.split()[3].endswith("█")


def test_more_devices_than_lines_are_counted_below_the_table() -> None:
    board = Board()
    for number in range(50):
        board.update(message(0, device=f"device-{number}"))
    text = drawn(board, height=14, invalid=2, connection_error="all brokers are down")

    assert text.count("device-") == 10
    assert "50 devices, 40 more than fit here, 2 invalid records, Kafka: all brokers are down." in text


@given(st.lists(st.integers(0, 2**31 - 1), max_size=60))
def test_a_sparkline_has_one_mark_a_value_and_its_extremes_at_the_ends(values: list[int]) -> None:
    marks = sparkline(values)

    assert len(marks) == len(values)
    if len(set(values)) > 1:
        assert marks[values.index(max(values))] == "█"
        assert marks[values.index(min(values))] == "▁"


def test_a_clock_counts_minutes_beyond_the_hour() -> None:
    assert [clock(seconds) for seconds in (0, 59.9, 60, 3725)] == ["0:00", "0:59", "1:00", "62:05"]


def test_a_line_names_time_device_zone_and_heart_rate() -> None:
    assert line(message(0)) == f"2022-12-02T13:50:00.000000Z {DEVICE} Zone1 110"
