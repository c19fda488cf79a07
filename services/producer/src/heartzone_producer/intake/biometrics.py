"""Read a request's body as the message that goes to Kafka, and the one that goes back.

The quick way reads what nearly every client sends. Whatever it is not sure of is examined, which is slow, exact, and
says what is wrong; the quick way never rejects anything by itself.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from heartzone.examination import Examiner, TextFormat
from heartzone.messages import Biometrics, encode
from heartzone.structure import converter
from heartzone.violations import InvalidDocumentError
from heartzone_producer.intake import device_ids
from heartzone_producer.intake.camel_case import body_model, camel_case
from heartzone_producer.intake.errors import MAX_VIOLATIONS, InvalidMessageError, MalformedBodyError
from heartzone_producer.intake.json_text import parse
from heartzone_producer.intake.timestamps import is_canonical, to_utc

BiometricsBody = body_model(Biometrics, camel_case)

FORMATS: Mapping[str, TextFormat] = {
    "uuid": TextFormat(f"a device id, hyphenated hex like {device_ids.EXAMPLE}", device_ids.normalise),
    "date-time": TextFormat("a date-time like 2022-12-02T13:50:00.000Z", to_utc),
}

_to_message = converter(Biometrics)
_to_body = converter(BiometricsBody)
_decode_body = msgspec.json.Decoder(BiometricsBody).decode
_decode_pascal_case = msgspec.json.Decoder(body_model(Biometrics)).decode
_examiner = Examiner(
    Biometrics,
    formats=FORMATS,
    spellings=lambda name: (camel_case(name), name),
    max_violations=MAX_VIOLATIONS,
)

# What the quick way raises for bytes it does not take; recursion is how msgspec ends on deeply nested arrays.
_UNSURE = (msgspec.MsgspecError, ValueError, RecursionError)


class Accepted(Struct, frozen=True, gc=False):
    """A message in its two spellings: ``payload`` for Kafka (PascalCase), ``response`` for the client (camelCase)."""

    device_id: str
    payload: bytes
    response: bytes


def accept(body: bytes, name: str = "body") -> Accepted:
    """The message in a body, normalised: device id in lower case (it is the key), date-times in UTC.

    Errors call the body by its name: it may be an item of one.

    Raises:
        MalformedBodyError: it is not UTF-8 JSON, or has both casings of a field.
        InvalidMessageError: it is JSON, but not a Biometrics message.
    """
    message = _quick(_decode_body, body)
    if message is not None:
        return Accepted(message.device_id, encode(_to_message(message)), encode(message))
    message = _quick(_decode_pascal_case, body) or examine(body, name)
    return Accepted(message.device_id, encode(message), encode(_to_body(message)))


def examine(body: bytes, name: str = "body") -> Biometrics:
    """The message in a body, read the slow way; raises as `accept` does.

    It takes what the quick way does not: camelCase and PascalCase mixed, 150.0 as an integer.
    """
    document = parse(body, name)
    try:
        return _examiner.examine(document)
    except InvalidDocumentError as error:
        raise (MalformedBodyError if error.ambiguous else InvalidMessageError)(error.violations) from error


def _quick(decode: Callable[[bytes], Any], body: bytes) -> Any:
    """The normalised message, or None where the quick way is not sure of it."""
    try:
        message = decode(body)
        message.device_id = device_ids.normalise(message.device_id)
        for reading in message.heart_rates:
            if not is_canonical(reading.date_time):
                reading.date_time = to_utc(reading.date_time)
    except _UNSURE:
        return None
    return message
