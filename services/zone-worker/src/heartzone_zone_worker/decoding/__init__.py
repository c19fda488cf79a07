"""From the bytes of a record to Biometrics."""

from heartzone_zone_worker.decoding.decoder import BiometricsDecoder
from heartzone_zone_worker.decoding.payloads import InvalidMessageError

__all__ = ["BiometricsDecoder", "InvalidMessageError"]
