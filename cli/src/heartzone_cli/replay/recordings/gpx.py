"""GPX tracks with heart rates, which GPX itself has no element for.

It is `hr` in Garmin's TrackPointExtension (v1 and v2) and Cluetrust's `gpxdata`; others write `heartrate` or `bpm`,
with a namespace, with a prefix that is declared nowhere, or without either. GPX 1.0 has no `extensions` around it.
"""

from typing import BinaryIO

from heartzone_cli.replay.recordings.samples import Samples, read_sample
from heartzone_cli.replay.recordings.xml_events import descendant_text, elements

HEART_RATE_NAMES = frozenset({"hr", "heartrate", "heart_rate", "bpm"})
TIME = frozenset({"time"})


def read(file: BinaryIO) -> Samples:
    """Yield the track points that have a heart rate. Raises FormatError."""
    for point in elements(file, root="gpx", tag="trkpt"):
        heart_rate = descendant_text(point, HEART_RATE_NAMES)
        if heart_rate is not None:
            yield read_sample(descendant_text(point, TIME), heart_rate, where="at a track point ")
