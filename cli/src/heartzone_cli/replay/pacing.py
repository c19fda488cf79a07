"""When the readings of a workout are due: all at once, or spread as they were recorded, `speed` times as fast."""

from collections.abc import Callable, Iterator, Sequence

from heartzone_cli.replay.workout import SAMPLES_PER_REQUEST, Reading


def as_fast_as_it_goes(readings: Sequence[Reading]) -> Iterator[Sequence[Reading]]:
    """Yield the readings in as few requests as fit."""
    for start in range(0, len(readings), SAMPLES_PER_REQUEST):
        yield readings[start : start + SAMPLES_PER_REQUEST]


def paced(
    readings: Sequence[Reading], speed: float, *, now: Callable[[], float], wait: Callable[[float], object]
) -> Iterator[Sequence[Reading]]:
    """Yield what has become due since the last request, waiting (`wait(seconds)`) while nothing is due.

    Pauses in the recording are kept. When sending is slower than the workout, requests grow instead of lagging
    behind one reading at a time. `wait` may return early, when it is time to stop: the caller then stops asking.
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
