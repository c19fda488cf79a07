"""From one Biometrics record to the zone events that it gives: the worker's only business rule."""

from collections.abc import Callable

from exactly_once import InputRecord, OutputRecord, PoisonRecord
from heartzone.decoding import BiometricsDecoder
from heartzone.messages import HeartRateZoneReached, InvalidMessage, encode
from heartzone.wire import BadFrame, frame_prefix, unframe
from heartzone.zones import Zone, zone_of

NO_ZONE = int(Zone.NONE)


class ZoneTransform:
    """One HeartRateZoneReached for each reading in a zone, in order, keyed by the device.

    ``readings`` counts the readings by zone (index 0 is no zone) since it was last cleared; the metrics take it when a
    transaction is committed, so that readings of an aborted one are not counted twice.
    """

    def __init__(self, *, topic: str, schema_id: int, decoder_of: Callable[[int], BiometricsDecoder]) -> None:
        self.readings = [0] * len(Zone)
        self._topic = topic
        self._prefix = frame_prefix(schema_id)
        self._decoder_of = decoder_of

    def __call__(self, record: InputRecord) -> list[OutputRecord]:
        """Transform a record.

        Raises:
            PoisonRecord: it is not a Biometrics message.
            Unavailable: its schema cannot be looked up now.
        """
        value = record.value()
        if value is None:
            raise PoisonRecord("tombstone", "the record has no value; a Biometrics message was expected")
        try:
            writer_id, payload = unframe(value)
            biometrics = self._decoder_of(writer_id).decode(payload)
        except BadFrame as error:
            raise PoisonRecord("bad_frame", str(error)) from error
        except InvalidMessage as error:
            raise PoisonRecord(error.reason, str(error)) from error
        device_id, maximum = biometrics.device_id, biometrics.max_heart_rate
        key = device_id.encode()
        topic, prefix, readings = self._topic, self._prefix, self.readings
        outputs: list[OutputRecord] = []
        for reading in biometrics.heart_rates:
            zone = int(zone_of(reading.value, maximum))
            readings[zone] += 1
            if zone != NO_ZONE:
                reached = HeartRateZoneReached(device_id, zone, reading.date_time, reading.value, maximum)
                outputs.append(OutputRecord(topic, prefix + encode(reached), key))
        return outputs

    def take_readings(self) -> list[int]:
        """The readings by zone since the last time, and start anew."""
        taken, self.readings = self.readings, [0] * len(Zone)
        return taken
