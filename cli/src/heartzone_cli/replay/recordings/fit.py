"""Garmin FIT recordings, read by fitdecode: heart rates of `record`, `hr` and `monitoring` messages.

FIT's 0xFF is "invalid", which the library returns as None: the sensor gave no value, so there is no sample.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO

import fitdecode  # type: ignore[import-untyped] # the library ships no types

from heartzone_cli.replay.recordings.fit_times import NoStartError, ShortTimes, StrapTimes
from heartzone_cli.replay.recordings.samples import FormatError, LeftOut, Sample, SampleError, Samples, sample

EPOCH = datetime(1989, 12, 31, tzinfo=UTC)
RELATIVE_BELOW = 0x10000000
"""Seconds below it count from when the device was switched on (FIT SDK, `date_time`)."""

CLOCK_NOT_SET = "has heart rates with times that count from when the device was switched on: its clock was not set."


def read(file: BinaryIO) -> Samples:
    """Yield the heart rates. Raises FormatError.

    A strap that stores its heart rates under water hands them over later, for the whole activity: they are taken for
    the seconds for which the watch has recorded none.
    """
    recorded: set[int] = set()
    later: list[tuple[float, int]] = []
    strap, monitoring = StrapTimes(), ShortTimes()
    for message in _messages(file):
        try:
            match message.name:
                case "record":
                    seconds, heart_rate = _raw(message, "timestamp"), _value(message, "heart_rate")
                    if isinstance(heart_rate, int) and seconds is not None:
                        recorded.add(seconds)
                        yield _sample(seconds, heart_rate)
                case "hr":
                    later += _strap(message, strap)
                case "monitoring" | "monitoring_info":
                    seconds = monitoring.read(_raw(message, "timestamp"), _raw(message, "timestamp_16"))
                    heart_rate = _value(message, "heart_rate")
                    if isinstance(heart_rate, int):
                        yield _sample(seconds, heart_rate)
        except NoStartError as error:
            yield LeftOut(str(error))
    for at, heart_rate in later:
        if int(at) not in recorded:
            yield _sample(at, heart_rate)


def _sample(seconds: float | None, heart_rate: int) -> Sample | LeftOut:
    if seconds is None or seconds < RELATIVE_BELOW:
        return LeftOut(CLOCK_NOT_SET)
    try:
        return sample(EPOCH + timedelta(seconds=seconds), heart_rate)
    except (SampleError, OverflowError) as error:
        return LeftOut(str(error))


def _strap(message: Any, times: StrapTimes) -> Iterator[tuple[float, int]]:
    rates = _several(_value(message, "filtered_bpm"))
    events = times.read(
        timestamp=_raw(message, "timestamp"),
        fraction=_raw(message, "fractional_timestamp"),
        events=_several(_raw(message, "event_timestamp")),
        short_events=bytes(_several(_raw(message, "event_timestamp_12"))),
    )
    for at, heart_rate in zip(events, rates, strict=False):
        if at is not None and isinstance(heart_rate, int):
            yield at, heart_rate


def _value(message: Any, name: str) -> Any:
    return message.get_value(name, fallback=None)


def _raw(message: Any, name: str) -> Any:
    """What the file has of a field; the library adds fields that it computes itself, which have no definition."""
    for field in message.fields:
        if field.name == name and (field.field_def is not None or name == "timestamp"):
            return field.raw_value
    return None


def _several(value: Any) -> tuple[Any, ...]:
    if value is None:
        return ()
    return value if isinstance(value, tuple) else (value,)


def _messages(file: BinaryIO) -> Iterator[Any]:
    frames = fitdecode.FitReader(
        file,
        check_crc=fitdecode.CrcCheck.RAISE,
        # Only about undeclared developer fields, which make no workout invalid and need no warning.
        error_handling=fitdecode.ErrorHandling.IGNORE,
    )
    try:
        for frame in frames:
            if isinstance(frame, fitdecode.FitDataMessage):
                yield frame
    except fitdecode.FitEOFError as error:
        raise FormatError("is truncated: it ends before the length that its header states.") from error
    except fitdecode.FitError as error:
        raise FormatError(f"is no valid FIT file: {error}.") from error
    except FormatError:
        raise
    except Exception as error:
        # On invalid bytes the library may raise anything: AssertionError, struct.error, TypeError.
        raise FormatError(f"is a damaged FIT file ({type(error).__name__} while reading it).") from error
