"""The messages of heartzone's topics, the zone rule and the wire format."""

from heartzone.messages import Biometrics, HeartRate, HeartRateZoneReached, encode, json_schema
from heartzone.wire import BadFrameError, frame_prefix, subject_of, unframe
from heartzone.zones import Zone, zone_of

__all__ = [
    "BadFrameError",
    "Biometrics",
    "HeartRate",
    "HeartRateZoneReached",
    "Zone",
    "encode",
    "frame_prefix",
    "json_schema",
    "subject_of",
    "unframe",
    "zone_of",
]
