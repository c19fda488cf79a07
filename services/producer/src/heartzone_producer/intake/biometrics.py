"""From a request's body to the message that goes to Kafka, and to the one that goes back.

The quick way reads what nearly every client sends. Whatever it is not sure of goes to `examination`, which decides and
words the refusals; the quick way never refuses by itself.
"""

import re
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from heartzone.messages import INT32_MAX, Biometrics, HeartRate, encode
from heartzone_producer.intake.examination import examine
from heartzone_producer.intake.timestamps import is_canonical, to_utc


class HeartRateBody(Struct, rename="camel", forbid_unknown_fields=True, gc=False):
    """One reading, as clients write it."""

    date_time: str
    value: Annotated[int, Meta(ge=0, le=INT32_MAX)]


class BiometricsBody(Struct, rename="camel", forbid_unknown_fields=True, gc=False):
    """Readings of one device, as clients write them."""

    device_id: str
    heart_rates: list[HeartRateBody]
    max_heart_rate: Annotated[int, Meta(ge=1, le=INT32_MAX)]


class Accepted(Struct, frozen=True, gc=False):
    """A message in its two spellings: ``payload`` for Kafka (PascalCase), ``answer`` for the client (camelCase)."""

    device_id: str
    payload: bytes
    answer: bytes


_decode_camel_case = msgspec.json.Decoder(BiometricsBody).decode
_decode_pascal_case = msgspec.json.Decoder(Biometrics).decode
_encode = msgspec.json.Encoder().encode
_is_hyphenated_hex = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII).fullmatch

# What the quick way raises for bytes it does not take; recursion is how msgspec ends on deeply nested arrays.
_UNSURE = (msgspec.MsgspecError, ValueError, RecursionError)


def accept(body: bytes, name: str = "body") -> Accepted:
    """The message in a body, normalised: device id in lower case (it is the key), date-times in UTC.

    `name` is what a refusal calls it: a body, or an item of one.

    Raises:
        NotJson: it is not UTF-8 JSON, or has both casings of a field.
        InvalidFields: it is JSON, but not a Biometrics message.
    """
    message = _read(body, name)
    readings = [HeartRateBody(reading.date_time, reading.value) for reading in message.heart_rates]
    answer = _encode(BiometricsBody(message.device_id, readings, message.max_heart_rate))
    return Accepted(message.device_id, encode(message), answer)


def _read(body: bytes, name: str) -> Biometrics:
    try:
        return _normalise(_decode_camel_case(body))
    except _UNSURE:
        pass
    try:
        return _normalise(_decode_pascal_case(body))
    except _UNSURE:
        return examine(body, name)


def _normalise(message: BiometricsBody | Biometrics) -> Biometrics:
    if not _is_hyphenated_hex(message.device_id):
        raise ValueError("not a device id")
    readings = [
        HeartRate(text if is_canonical(text := reading.date_time) else to_utc(text), reading.value)
        for reading in message.heart_rates
    ]
    return Biometrics(message.device_id.lower(), readings, message.max_heart_rate)
