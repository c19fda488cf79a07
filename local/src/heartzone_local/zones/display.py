"""The board as a terminal table, and single messages as lines."""

from collections.abc import Iterable
from itertools import islice

from rich.console import Group
from rich.table import Table
from rich.text import Text

from heartzone.messages import HeartRateZoneReached
from heartzone_local.zones.board import Board, Device

ZONES = (1, 2, 3, 4, 5)
STYLES = {1: "blue", 2: "green", 3: "yellow", 4: "dark_orange", 5: "red"}
BARS = "▁▂▃▄▅▆▇█"
LINES_AROUND_ROWS = 5  # header, rule, footer, and room for the prompt


def sparkline(values: Iterable[int]) -> str:
    """Draw the values between their own least and greatest; a steady one is a line at the bottom."""
    drawn = list(values)
    if not drawn:
        return ""
    low, high = min(drawn), max(drawn)
    span = high - low or 1
    return "".join(BARS[(value - low) * (len(BARS) - 1) // span] for value in drawn)


def clock(seconds: float) -> str:
    """Write seconds as m:ss."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def table(board: Board, *, height: int, unreadable: int, trouble: str | None) -> Group:
    """Lay out as many devices as fit `height` lines, the most recently heard of first, and a footer."""
    rows = max(1, height - LINES_AROUND_ROWS)
    drawn = Table(box=None, pad_edge=False)
    drawn.add_column("device", no_wrap=True, min_width=36)
    drawn.add_column("zone", no_wrap=True)
    drawn.add_column("bpm", justify="right", no_wrap=True)
    drawn.add_column("heart rate", no_wrap=True)
    for zone in ZONES:
        drawn.add_column(f"in {zone}", justify="right", no_wrap=True, style=STYLES[zone])
    for device in islice(board, rows):
        drawn.add_row(*_row(device))
    return Group(drawn, Text(_footer(board, rows, unreadable, trouble), style="dim"))


def line(message: HeartRateZoneReached) -> str:
    """Write one message as a line of text, for output that is no terminal."""
    return f"{message.date_time} {message.device_id} Zone{message.zone} {message.heart_rate}"


def _row(device: Device) -> list[Text]:
    latest = device.latest
    style = STYLES.get(latest.zone, "")
    return [
        Text(latest.device_id),
        Text(f"Zone{latest.zone}", style=f"bold {style}"),
        Text(str(latest.heart_rate)),
        Text(sparkline(device.heart_rates), style=style),
        *(Text(clock(device.seconds[zone])) for zone in ZONES),
    ]


def _footer(board: Board, rows: int, unreadable: int, trouble: str | None) -> str:
    parts = [f"{len(board)} devices" if len(board) != 1 else "1 device"]
    if len(board) > rows:
        parts.append(f"{len(board) - rows} more than fit here")
    if unreadable:
        parts.append(f"{unreadable} records could not be read")
    if trouble:
        parts.append(f"Kafka: {trouble}")
    return ", ".join(parts) + ". Ctrl-C ends."
