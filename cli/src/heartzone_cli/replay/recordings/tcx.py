"""Garmin Training Center recordings: `Trackpoint` with `Time` and `HeartRateBpm/Value`."""

from collections.abc import Iterator
from typing import BinaryIO

from heartzone_cli.replay.recordings.samples import FormatError, Sample, parse_heart_rate, parse_time, sample
from heartzone_cli.replay.recordings.xml_events import descendant_text, elements


def read(file: BinaryIO) -> Iterator[Sample]:
    """Yield the track points that have a heart rate. Raises FormatError."""
    for point in elements(file, root="TrainingCenterDatabase", tag="Trackpoint"):
        for heart_rate_element in point.iter("{*}HeartRateBpm"):
            heart_rate = descendant_text(heart_rate_element, "Value")
            if heart_rate is None:
                continue
            time = descendant_text(point, "Time")
            if time is None:
                raise FormatError(f"has a track point with the heart rate {heart_rate} and no time.")
            yield sample(parse_time(time), parse_heart_rate(heart_rate))
