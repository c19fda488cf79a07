"""Batches of a workout's readings as they are due: all at once, or as recorded, `speed` times as fast."""

from collections.abc import Callable, Iterator, Sequence

from heartzone_cli.replay.workout import SAMPLES_PER_REQUEST, Reading


def unpaced(readings: Sequence[Reading]) -> Iterator[Sequence[Reading]]:
    """Yield the readings at once, in as few requests as possible."""
    for start in range(0, len(readings), SAMPLES_PER_REQUEST):
        yield readings[start : start + SAMPLES_PER_REQUEST]


def paced(
    readings: Sequence[Reading], speed: float, *, now: Callable[[], float], wait: Callable[[float], object]
) -> Iterator[Sequence[Reading]]:
    """Yield what has become due since the last request; call `wait(seconds)` while nothing is due.

    Pauses in the recording are kept. When sending is slower than the workout, requests grow instead of lagging
    behind one reading at a time. `wait` may return early, when it is time to stop: the caller then ends the iteration.
    """
    start, first = now(), readings[0].time

    def due(reading: Reading) -> float:
        return start + (reading.time - first).total_seconds() / speed

    sent = 0
    while sent < len(readings):
        delay = due(readings[sent]) - now()
        if delay > 0:
            wait(delay)
        end = sent + 1
        while end < len(readings) and end - sent < SAMPLES_PER_REQUEST and due(readings[end]) <= now():
            end += 1
        yield readings[sent:end]
        sent = end
