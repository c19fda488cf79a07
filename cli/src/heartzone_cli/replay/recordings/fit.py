"""Garmin FIT recordings: the `record` messages with a `heart_rate`, read by fitdecode."""

from collections.abc import Iterator
from datetime import datetime
from typing import BinaryIO

import fitdecode  # type: ignore[import-untyped] # the library ships no types

from heartzone_cli.replay.recordings.samples import FormatError, Sample, sample


def read(file: BinaryIO) -> Iterator[Sample]:
    """Yield the records that have a heart rate. Raises FormatError.

    FIT's 0xFF is "invalid", which the library returns as None: the sensor gave no value, so there is no sample.
    """
    for time, heart_rate in _records(file):
        # A time that is no datetime is in seconds since the device was switched on.
        if isinstance(heart_rate, int) and isinstance(time, datetime):
            yield sample(time, heart_rate)


def _records(file: BinaryIO) -> Iterator[tuple[object, object]]:
    frames = fitdecode.FitReader(
        file,
        check_crc=fitdecode.CrcCheck.RAISE,
        # Only about undeclared developer fields, which make no workout invalid and need no warning.
        error_handling=fitdecode.ErrorHandling.IGNORE,
    )
    try:
        for frame in frames:
            if isinstance(frame, fitdecode.FitDataMessage) and frame.name == "record":
                yield (
                    frame.get_value("timestamp", fallback=None),
                    frame.get_value("heart_rate", fallback=None),
                )
    except fitdecode.FitEOFError as error:
        raise FormatError("is truncated: it ends before the length that its header states.") from error
    except fitdecode.FitError as error:
        raise FormatError(f"is no valid FIT file: {error}.") from error
    except Exception as error:
        # On invalid bytes the library may raise anything: AssertionError, struct.error, TypeError.
        raise FormatError(f"is a damaged FIT file ({type(error).__name__} while reading it).") from error
