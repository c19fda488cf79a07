"""From the bytes of a record to Biometrics: the worker's hot path.

Two ways that must agree. The quick one decodes in C and checks formats in bulk, and only ever says yes or "not sure".
Whatever it is not sure of goes to ``examination``, which is slow, exact, and says what is wrong.
"""

import json
from collections.abc import Mapping
from typing import Any, Self

import msgspec
from msgspec import UNSET, defstruct

from heartzone.examination import examine
from heartzone.formats import are_uuid_and_date_times
from heartzone.messages import Biometrics, HeartRate
from heartzone.writer_schema import declared_fields


class BiometricsDecoder:
    """Decodes what was written with one schema; make one for each writer's schema and keep it.

    Args:
        writer_schema: the JSON Schema that the records were written with, parsed. Fields that it declares and ours
            does not are ignored, so that a writer may be newer; fields that neither has are refused. None: ours.

    Raises:
        ValueError: the schema is neither an object nor a boolean, so it is no JSON Schema.
    """

    def __init__(self, writer_schema: Mapping[str, Any] | bool | None = None) -> None:
        declared = declared_fields({} if writer_schema is None else writer_schema)
        self._ignored = declared.biometrics - _wire_names(Biometrics)
        self._ignored_in_reading = declared.heart_rate - _wire_names(HeartRate)
        self._extended = bool(self._ignored or self._ignored_in_reading)
        reading = _tolerating(HeartRate, self._ignored_in_reading)
        self._decode = msgspec.json.Decoder(_tolerating(Biometrics, self._ignored, heart_rates=list[reading])).decode  # type: ignore[valid-type]

    @classmethod
    def for_schema(cls, text: str) -> Self:
        """The decoder for records written with a schema, as the registry has its text.

        Raises:
            ValueError: the text is not JSON, nests deeper than can be read, or is no JSON Schema.
        """
        try:
            schema = json.loads(text)
        except RecursionError:
            raise ValueError("its objects and arrays are nested deeper than can be read") from None
        return cls(schema)

    def decode(self, payload: bytes) -> Biometrics:
        """The message in a payload (without the wire format's prefix).

        Raises:
            InvalidMessage: it is not JSON, or not a Biometrics.
        """
        try:
            message: Biometrics = self._decode(payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return self._examine(payload)
        readings = message.heart_rates
        if not are_uuid_and_date_times([message.device_id, *[reading.date_time for reading in readings]]):
            return self._examine(payload)
        if self._extended:
            readings = [HeartRate(reading.date_time, reading.value) for reading in readings]
            return Biometrics(message.device_id, readings, message.max_heart_rate)
        return message

    def _examine(self, payload: bytes) -> Biometrics:
        return examine(payload, ignored=self._ignored, ignored_in_reading=self._ignored_in_reading)


def _wire_names(message: type[msgspec.Struct]) -> frozenset[str]:
    return frozenset(message.__struct_encode_fields__)


def _tolerating(message: type[msgspec.Struct], ignored: frozenset[str], **retyped: Any) -> type[Any]:
    """The model with further fields that may be there and are not kept."""
    if not ignored:
        return message
    # Field names must be identifiers, wire names need not be. Any and not msgspec.Raw, which would skip over bytes that
    # are not UTF-8.
    extra = {f"ignored_{number}": name for number, name in enumerate(sorted(ignored))}
    return defstruct(
        f"{message.__name__}AndMore",
        [*retyped.items(), *((field, Any, UNSET) for field in extra)],
        bases=(message,),
        rename={**dict(zip(message.__struct_fields__, message.__struct_encode_fields__, strict=True)), **extra},
        frozen=True,
        gc=False,
        forbid_unknown_fields=True,
    )
