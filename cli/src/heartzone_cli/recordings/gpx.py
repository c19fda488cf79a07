"""GPX tracks with a heart-rate extension.

The heart rate has no place in GPX itself. Garmin's TrackPointExtension (v1 and v2) and Cluetrust's `gpxdata`
both call it `hr`, some exporters write `heartrate` without a namespace; all are found inside `extensions`.
"""

from collections.abc import Iterator
from typing import BinaryIO

from heartzone_cli.recordings.samples import FormatError, Sample, parse_heart_rate, parse_time, sample
from heartzone_cli.recordings.xml_events import descendant_text, elements

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
