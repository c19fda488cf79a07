"""From one Biometrics record to the zone events that it gives: the worker's only business rule."""

from bisect import bisect
from collections.abc import Callable

from exactly_once import InputRecord, OutputRecord, PoisonRecord, Scope, Unavailable
from heartzone.wire import BadFrameError, unframe
from heartzone.zones import Zone, zone_borders
from heartzone_zone_worker.decoding import BiometricsDecoder, InvalidMessageError
from heartzone_zone_worker.output_frame import OutputFrame
from heartzone_zone_worker.reasons import PoisonReason, UnavailableReason
from heartzone_zone_worker.record_headers import trace_of


class ZoneTransform:
    """One HeartRateZoneReached for each reading in a zone, in order, keyed by the device.

    ``readings`` counts the readings by zone (index 0 is no zone) since they were last taken: by the metrics, when a
    transaction is committed, so that readings of an aborted one are not counted twice.
    """

    def __init__(self, *, topic: str, frame: OutputFrame, decoder_of: Callable[[int], BiometricsDecoder]) -> None:
        self.readings = [0] * len(Zone)
        self._topic = topic
        self._frame = frame
        self._decoder_of = decoder_of

    def __call__(self, record: InputRecord) -> list[OutputRecord]:
        """Transform a record.

        Raises:
            PoisonRecord: it is not a Biometrics message.
            Unavailable: its schema cannot be looked up at present, or there is none for its outputs.
        """
        if (prefix := self._frame.prefix) is None:
            raise Unavailable(
                UnavailableReason.SCHEMA_REGISTRY_INCOMPLETE, scope=Scope.EVERYTHING, ready=self._frame.is_known
            )
        value = record.value()
        if value is None:
            raise PoisonRecord(PoisonReason.TOMBSTONE, "the record has no value; a Biometrics message was expected")
        try:
            writer_id, payload = unframe(value)
            biometrics = self._decoder_of(writer_id).decode(payload)
        except BadFrameError as error:
            raise PoisonRecord(PoisonReason.BAD_FRAME, str(error)) from error
        except InvalidMessageError as error:
            raise PoisonRecord(error.reason, str(error)) from error
        device_id, maximum = biometrics.device_id, biometrics.max_heart_rate
        key = device_id.encode()
        # What `heartzone.messages.encode` would write (a property holds the two equal) in half the time: only three
        # values change from one reading to the next, and none of them can need escaping once it is validated.
        head = f'{prefix}{{"DeviceId":"{device_id}","Zone":'
        tail = f',"MaxHeartRate":{maximum}}}'
        topic, readings = self._topic, self.readings
        trace = trace_of(record)
        # Plain numbers, and no calls of Python's: members of `Zone` take a tenth of the time of a reading more.
        borders = zone_borders(maximum)
        outputs: list[OutputRecord] = []
        for reading in biometrics.heart_rates:
            heart_rate = reading.value
            zone = bisect(borders, heart_rate)
            readings[zone] += 1
            if zone:
                event = f'{head}{zone},"DateTime":"{reading.date_time}","HeartRate":{heart_rate}{tail}'
                outputs.append(OutputRecord(topic, event.encode("latin-1"), key, trace))
        return outputs

    def take_readings(self) -> list[int]:
        """Return the readings by zone, and start counting anew."""
        taken, self.readings = self.readings, [0] * len(Zone)
        return taken
