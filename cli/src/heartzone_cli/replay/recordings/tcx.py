"""Garmin Training Center recordings: `Trackpoint` with `Time` and `HeartRateBpm/Value`."""

from typing import BinaryIO

from heartzone_cli.replay.recordings.samples import Samples, read_sample
from heartzone_cli.replay.recordings.xml_events import descendant_text, descendants, elements

HEART_RATE = frozenset({"heartratebpm"})
VALUE = frozenset({"value"})
TIME = frozenset({"time"})


def read(file: BinaryIO) -> Samples:
    """Yield the track points that have a heart rate. Raises FormatError."""
    for point in elements(file, root="TrainingCenterDatabase", tag="Trackpoint"):
        for element in descendants(point, HEART_RATE):
            heart_rate = descendant_text(element, VALUE)
            if heart_rate is not None:
                yield read_sample(descendant_text(point, TIME), heart_rate, where="at a track point ")
