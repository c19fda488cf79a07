"""The board as a table on the terminal, redrawn as zone events arrive."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from confluent_kafka import Message
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from heartzone_cli.cluster.topic_reader import TopicReader
from heartzone_cli.cluster.zone_events import ZoneEventDecoder
from heartzone_cli.zones.board import HISTORY, Board, Device

ZONES = (1, 2, 3, 4, 5)
STYLES = {1: "blue", 2: "green", 3: "yellow", 4: "dark_orange", 5: "red"}
BARS = "▁▂▃▄▅▆▇█"
LINES_AROUND_ROWS = 4  # header, footer, and room for the prompt
WIDE = 120
WIDTH_WITHOUT_SPARKLINE = 60  # device, zone, bpm, time in zone, and a blank before each column


def draw(batches: Iterator[list[Message]], decoder: ZoneEventDecoder, reader: TopicReader) -> None:
    """Show the devices of the zone events for as long as `batches` come; an invalid record is counted."""
    board = Board()
    console = Console()
    with Live(console=console, auto_refresh=False) as live:
        for batch in batches:
            for record in batch:
                event = decoder.decode(record.value())
                if event is None:
                    continue
                try:
                    board.update(event)
                except ValueError:
                    decoder.invalid += 1
            shown = table(
                board,
                width=console.width,
                height=console.height,
                invalid=decoder.invalid,
                connection_error=reader.connection_error,
            )
            live.update(shown, refresh=True)


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


def table(board: Board, *, width: int, height: int, invalid: int, connection_error: str | None) -> Group:
    """Lay out as many devices as fit `height` lines, the most recently updated first, and a footer.

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
    return Group(drawn, Text(_footer(board, rows, invalid, connection_error), style="dim"))


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


def _footer(board: Board, rows: int, invalid: int, connection_error: str | None) -> str:
    parts = [f"{len(board)} devices" if len(board) != 1 else "1 device"]
    if len(board) > rows:
        parts.append(f"{len(board) - rows} more than fit here")
    if invalid:
        parts.append(f"{invalid} invalid records")
    if connection_error:
        parts.append(f"Kafka: {connection_error}")
    return ", ".join(parts) + ". Ctrl-C ends."
