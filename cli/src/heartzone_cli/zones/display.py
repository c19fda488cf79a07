"""The board as a terminal table, and single messages as lines."""

from collections.abc import Iterable, Sequence
from itertools import islice

from rich.console import Group
from rich.table import Table
from rich.text import Text

from heartzone.messages import HeartRateZoneReached
from heartzone_cli.zones.board import HISTORY, Board, Device

ZONES = (1, 2, 3, 4, 5)
STYLES = {1: "blue", 2: "green", 3: "yellow", 4: "dark_orange", 5: "red"}
BARS = "▁▂▃▄▅▆▇█"
LINES_AROUND_ROWS = 4  # header, footer, and room for the prompt
WIDE = 120
WIDTH_WITHOUT_SPARKLINE = 60  # device, zone, bpm, time in zone, and a blank before each column


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


def table(board: Board, *, width: int, height: int, unreadable: int, trouble: str | None) -> Group:
    """Lay out as many devices as fit `height` lines, the most recently heard of first, and a footer.

    A terminal of at least `WIDE` columns shows the time in every zone, a smaller one that in the current zone.
    """
    rows = max(1, height - LINES_AROUND_ROWS)
    shown_zones = ZONES if width >= WIDE else ()
    marks = max(1, min(HISTORY, width - WIDTH_WITHOUT_SPARKLINE - 7 * len(shown_zones)))
    drawn = Table(box=None, pad_edge=False)
    drawn.add_column("device", no_wrap=True, min_width=36)
    drawn.add_column("zone", no_wrap=True, min_width=5)
    drawn.add_column("bpm", no_wrap=True, min_width=3, justify="right")
    drawn.add_column("heart rate", no_wrap=True, min_width=marks)
    drawn.add_column("in zone", no_wrap=True, min_width=7, justify="right")
    for zone in shown_zones:
        drawn.add_column(f"in {zone}", no_wrap=True, min_width=5, justify="right", style=STYLES[zone])
    for device in islice(board, rows):
        drawn.add_row(*_row(device, marks, shown_zones))
    return Group(drawn, Text(_footer(board, rows, unreadable, trouble), style="dim"))


def line(message: HeartRateZoneReached) -> str:
    """Write one message as a line of text, for output that is no terminal."""
    return f"{message.date_time} {message.device_id} Zone{message.zone} {message.heart_rate}"


def _row(device: Device, marks: int, shown_zones: Sequence[int]) -> list[Text]:
    latest = device.latest
    style = STYLES.get(latest.zone, "")
    return [
        Text(latest.device_id),
        Text(f"Zone{latest.zone}", style=f"bold {style}"),
        Text(str(latest.heart_rate)),
        Text(sparkline(list(device.heart_rates)[-marks:]), style=style),
        Text(clock(device.seconds[latest.zone])),
        *(Text(clock(device.seconds[zone])) for zone in shown_zones),
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
