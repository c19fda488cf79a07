"""Decode the payload of a record: the worker's hot path.

Two ways that must agree. The quick one decodes in C and checks formats in bulk, and only ever says yes or "not sure".
Whatever it is not sure of goes to ``payloads``, which is slow, exact, and says what is wrong.
"""

import json
from collections.abc import Mapping
from typing import Any, Self

import msgspec
from msgspec import UNSET, Struct, defstruct

from heartzone.messages import Biometrics
from heartzone.structure import converter, item_models
from heartzone_zone_worker.decoding.formats import are_uuid_and_date_times
from heartzone_zone_worker.decoding.payloads import PayloadExaminer
from heartzone_zone_worker.decoding.writer_schema import undeclared_fields

Ignored = Mapping[type[Struct], frozenset[str]]


class BiometricsDecoder:
    """Decodes what was written with one schema; make one for each writer's schema and keep it.

    Args:
        writer_schema: the JSON Schema that the records were written with, parsed. Fields that it declares and ours
            does not are ignored, so that a writer may be newer; fields that neither has are invalid. None: ours.

    Raises:
        ValueError: the schema is neither an object nor a boolean, so it is no JSON Schema.
    """

    def __init__(self, writer_schema: Mapping[str, Any] | bool | None = None) -> None:
        ignored = undeclared_fields({} if writer_schema is None else writer_schema, Biometrics)
        self._examine = PayloadExaminer(ignored).examine
        extended = _extended(Biometrics, ignored)
        self._decode = msgspec.json.Decoder(extended).decode
        self._stripped = None if extended is Biometrics else converter(Biometrics)

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
            InvalidMessageError: it is not JSON, or not a Biometrics.
        """
        try:
            message: Biometrics = self._decode(payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return self._examine(payload)
        if not are_uuid_and_date_times([message.device_id, *[reading.date_time for reading in message.heart_rates]]):
            return self._examine(payload)
        return message if self._stripped is None else self._stripped(message)


def _extended(message: type[Struct], ignored: Ignored) -> type[Any]:
    """The model with further fields that may be there, in it and in the items of its arrays."""
    items = {field: (model, _extended(model, ignored)) for field, model in item_models(message).items()}
    retyped = {field: list[extended] for field, (model, extended) in items.items() if extended is not model}  # type: ignore[valid-type]
    names = ignored.get(message, frozenset())
    if not names and not retyped:
        return message
    # Field names must be identifiers, wire names need not be. Any and not msgspec.Raw, which would skip over bytes that
    # are not UTF-8.
    extra = {f"ignored_{number}": name for number, name in enumerate(sorted(names))}
    return defstruct(
        f"{message.__name__}AndMore",
        [*retyped.items(), *((field, Any, UNSET) for field in extra)],
        bases=(message,),
        rename={**dict(zip(message.__struct_fields__, message.__struct_encode_fields__, strict=True)), **extra},
        frozen=True,
        gc=False,
        forbid_unknown_fields=True,
    )
