"""GPX tracks with a heart-rate extension.

GPX itself has no element for the heart rate. It is `hr` in Garmin's TrackPointExtension (v1 and v2) and Cluetrust's
`gpxdata`, and `heartrate` without a namespace in some exports; all are inside `extensions`.
"""

from collections.abc import Iterator
from typing import BinaryIO

from heartzone_cli.replay.recordings.samples import FormatError, Sample, parse_heart_rate, parse_time, sample
from heartzone_cli.replay.recordings.xml_events import descendant_text, elements

HEART_RATE_NAMES = ("hr", "heartrate")


def read(file: BinaryIO) -> Iterator[Sample]:
    """Yield the track points that have a heart rate. Raises FormatError."""
    for point in elements(file, root="gpx", tag="trkpt"):
        for extensions in point.iterchildren("{*}extensions"):
            heart_rate = next(filter(None, (descendant_text(extensions, n) for n in HEART_RATE_NAMES)), None)
            if heart_rate is None:
                continue
            time = descendant_text(point, "time")
            if time is None:
                raise FormatError(f"has a track point with the heart rate {heart_rate} and no time.")
            yield sample(parse_time(time), parse_heart_rate(heart_rate))
