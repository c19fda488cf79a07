"""The slow, exact reading of a Biometrics payload, for what the quick one was not sure of.

It admits what the quick one cannot (150.0 and 1e2 are integers to JSON Schema, leap seconds are date-times), and for
everything else it says which field is wrong, what it holds and what would be right.
"""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, NoReturn

import msgspec

from heartzone.formats import is_date_time, is_uuid
from heartzone.messages import INT32_MAX, Biometrics, HeartRate, InvalidMessage

_LONGEST_QUOTE = 60
_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


def examine(payload: bytes, *, ignored: frozenset[str], ignored_in_reading: frozenset[str]) -> Biometrics:
    """The message in a payload.

    Args:
        payload: without the wire format's prefix.
        ignored: fields that may be there beside ours and are not kept.
        ignored_in_reading: the same, in each of HeartRates.

    Raises:
        InvalidMessage: it is not JSON, or not a Biometrics; the text names the first field that is wrong.
    """
    return _biometrics(_parse(payload), ignored, ignored_in_reading)


def _decimal(text: str) -> Decimal | float:
    """A number as it was written: a float would turn 1.00000000000000000001 into an integer."""
    try:
        return Decimal(text)
    except InvalidOperation:
        # An exponent of more digits than anyone counts; it only has to be no integer within bounds.
        return float("nan")


_parse_json = msgspec.json.Decoder(float_hook=_decimal).decode


def _parse(payload: bytes) -> Any:
    if not payload:
        raise InvalidMessage("invalid_json", "the payload is empty; a JSON object was expected")
    if payload.startswith(_BOMS):
        raise InvalidMessage(
            "invalid_json", "the payload starts with a byte order mark; plain UTF-8 JSON without one was expected"
        )
    try:
        return _parse_json(payload)
    except UnicodeDecodeError as error:
        raise InvalidMessage(
            "invalid_json",
            f"the payload is not UTF-8 (byte 0x{error.object[error.start]:02x}); UTF-8 JSON was expected",
        ) from error
    except RecursionError as error:
        raise InvalidMessage("invalid_json", "the payload is nested too deeply; a Biometrics has two levels") from error
    except msgspec.DecodeError as error:
        problem = str(error).removeprefix("JSON is malformed: ")
        raise InvalidMessage("invalid_json", f"the payload is not JSON: {problem}") from error


def _biometrics(document: Any, ignored: frozenset[str], ignored_in_reading: frozenset[str]) -> Biometrics:
    fields = _object("", document, ("DeviceId", "HeartRates", "MaxHeartRate"), ignored)
    readings = fields["HeartRates"]
    if not isinstance(readings, list):
        _refuse("/HeartRates", readings, "an array of readings was expected")
    return Biometrics(
        _text("/DeviceId", fields["DeviceId"], is_uuid, "a UUID like 3fa85f64-5717-4562-b3fc-2c963f66afa6"),
        [_heart_rate(f"/HeartRates/{index}", item, ignored_in_reading) for index, item in enumerate(readings)],
        _integer("/MaxHeartRate", fields["MaxHeartRate"], least=1),
    )


def _heart_rate(pointer: str, document: Any, ignored: frozenset[str]) -> HeartRate:
    fields = _object(pointer, document, ("DateTime", "Value"), ignored)
    return HeartRate(
        _text(
            f"{pointer}/DateTime",
            fields["DateTime"],
            is_date_time,
            "an RFC 3339 date-time like 2022-12-02T13:50:00Z",
        ),
        _integer(f"{pointer}/Value", fields["Value"], least=0),
    )


def _object(pointer: str, document: Any, required: tuple[str, ...], ignored: frozenset[str]) -> dict[str, Any]:
    if not isinstance(document, dict):
        _refuse(pointer, document, f"an object with {', '.join(required)} was expected")
    for name in required:
        if name not in document:
            raise InvalidMessage("schema_violation", f"{pointer}/{name} is missing; it is required")
    for name in document:
        if name not in required and name not in ignored:
            raise InvalidMessage(
                "schema_violation",
                f"{pointer}/{_shortened(name)} is unknown to the writer's schema and to ours; known are"
                f" {', '.join((*required, *sorted(ignored)))}",
            )
    return document


def _text(pointer: str, value: Any, admits: Callable[[object], bool], expected: str) -> str:
    if not isinstance(value, str) or not admits(value):
        _refuse(pointer, value, f"{expected} was expected")
    return value


def _integer(pointer: str, value: Any, *, least: Literal[0, 1]) -> int:
    """JSON Schema's integer: any number without a fraction. ``true`` is none."""
    number = isinstance(value, int | Decimal) and not isinstance(value, bool)
    # The range first: writing 1e999999 out as an integer would take a megabyte.
    if not number or not least <= value <= INT32_MAX or value != int(value):
        _refuse(pointer, value, f"an integer from {least} to {INT32_MAX} was expected")
    return int(value)


def _refuse(pointer: str, value: Any, expected: str) -> NoReturn:
    place = pointer or "the payload"
    raise InvalidMessage("schema_violation", f"{place} is {_quoted(value)}; {expected}")


def _quoted(value: Any) -> str:
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "an array"
    if isinstance(value, Decimal | float):
        return _shortened(str(value))
    return _shortened(msgspec.json.encode(value).decode())


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]}…"
