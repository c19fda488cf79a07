"""The slow, exact reading of a body, for what the quick one was not sure of.

It admits what the quick one cannot (camelCase and PascalCase mixed, 150.0 as an integer), and for everything else it
lists which fields are wrong, what they hold and what would be right.
"""

import json
import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any, NoReturn, TypeVar

from heartzone.messages import INT32_MAX, Biometrics, HeartRate
from heartzone_producer.intake.refusals import MOST_ERRORS, FieldError, InvalidFields, NotJson, pointer_to, quote
from heartzone_producer.intake.timestamps import NotADateTime, to_utc

Value = TypeVar("Value")

_DEVICE_ID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)
_BIOMETRICS = ("deviceId", "heartRates", "maxHeartRate")
_HEART_RATE = ("dateTime", "value")


def examine(body: bytes, name: str = "body") -> Biometrics:
    """The normalised message in a body, or in what `name` says.

    Raises:
        NotJson: it is not UTF-8 JSON, or has both casings of a field.
        InvalidFields: it is JSON, but not a Biometrics message.
    """
    document = parse(body, name)
    faults = _Faults()
    message = _biometrics(document, faults)
    faults.raise_if_any()
    assert message is not None
    return message


def parse(body: bytes, name: str = "body") -> Any:
    """Any JSON text, numbers as int or Decimal; `name` is what the text is called in a refusal.

    Raises:
        NotJson: empty, not UTF-8, with a byte order mark, not JSON, or nested deeper than Python can follow.
    """
    if not body:
        _refuse_text(f"the {name} is empty; a JSON text was expected")
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        _refuse_text(
            f"byte {error.start} of the {name} is 0x{body[error.start]:02x}, which is not UTF-8;"
            " UTF-8 JSON was expected"
        )
    if text.startswith("\ufeff"):
        _refuse_text(f"the {name} starts with a byte order mark; UTF-8 JSON without one was expected")
    try:
        return json.loads(text, parse_int=_number, parse_float=_number, parse_constant=partial(_refuse_constant, name))
    except json.JSONDecodeError as error:
        _refuse_text(f"the {name} is not JSON: {error.msg} at line {error.lineno}, column {error.colno}")
    except RecursionError:
        _refuse_text(f"the {name} is nested too deeply; a message has two levels")


class _Faults:
    """Collects what is wrong, up to what one answer lists."""

    def __init__(self) -> None:
        self.errors: list[FieldError] = []
        self.ambiguous = False

    @property
    def full(self) -> bool:
        return len(self.errors) >= MOST_ERRORS

    def add(self, pointer: str, detail: str) -> None:
        if not self.full:
            self.errors.append(FieldError(pointer, detail))

    def raise_if_any(self) -> None:
        if self.errors:
            raise (NotJson if self.ambiguous else InvalidFields)(self.errors)


def _biometrics(document: Any, faults: _Faults) -> Biometrics | None:
    fields = _fields(document, "", _BIOMETRICS, faults)
    if fields is None:
        return None
    device_id = _taken(fields, "deviceId", _device_id, faults)
    maximum = _taken(fields, "maxHeartRate", lambda value: _integer(value, least=1), faults)
    pointer, items = fields.get("heartRates", ("", None))
    readings: list[HeartRate] = []
    if isinstance(items, list):
        for index, item in enumerate(items):
            reading = _heart_rate(item, f"{pointer}/{index}", faults)
            if reading is not None:
                readings.append(reading)
            if faults.full:
                break
    elif "heartRates" in fields:
        faults.add(pointer, f"{quote(items)} is not an array of readings")
    return None if device_id is None or maximum is None else Biometrics(device_id, readings, maximum)


def _heart_rate(document: Any, pointer: str, faults: _Faults) -> HeartRate | None:
    fields = _fields(document, pointer, _HEART_RATE, faults)
    if fields is None:
        return None
    date_time = _taken(fields, "dateTime", _date_time, faults)
    value = _taken(fields, "value", lambda value: _integer(value, least=0), faults)
    return None if date_time is None or value is None else HeartRate(date_time, value)


def _fields(document: Any, pointer: str, names: tuple[str, ...], faults: _Faults) -> dict[str, tuple[str, Any]] | None:
    """Pointer and value of each known field, by its camelCase name; None when it is no object."""
    if not isinstance(document, dict):
        faults.add(pointer, f"{quote(document)} is not an object with {_listed(names)}")
        return None
    known = {spelling: name for name in names for spelling in (name, _pascal_case(name))}
    found: dict[str, tuple[str, Any]] = {}
    for spelling, value in document.items():
        here = pointer_to(pointer, spelling)
        name = known.get(spelling)
        if name is None:
            faults.add(here, f"{quote(spelling)} is not a field; known are {_listed(names)}")
        elif name in found:
            faults.ambiguous = True
            faults.add(here, f"{name} and {_pascal_case(name)} are both there; one of them was expected")
        else:
            found[name] = (here, value)
    for name in names:
        if name not in found:
            faults.add(pointer_to(pointer, name), f"{name} is missing")
    return found


def _taken(
    fields: dict[str, tuple[str, Any]], name: str, read: Callable[[Any], Value], faults: _Faults
) -> Value | None:
    if name not in fields:
        return None
    pointer, value = fields[name]
    try:
        return read(value)
    except ValueError as error:
        faults.add(pointer, str(error))
        return None


def _device_id(value: Any) -> str:
    if not isinstance(value, str) or not _DEVICE_ID.fullmatch(value):
        raise ValueError(
            f"{quote(value)} is not a device id; hyphenated hex like 3fa85f64-5717-4562-b3fc-2c963f66afa6 was expected"
        )
    return value.lower()


def _date_time(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{quote(value)} is not text; a date-time like 2022-12-02T13:50:00.000Z was expected")
    try:
        return to_utc(value)
    except NotADateTime as error:
        raise ValueError(f"{quote(value)} is not a date-time: {error}") from error


def _integer(value: Any, *, least: int) -> int:
    """An integer as JSON Schema calls one: 2.0 is, true and "2" are not."""
    numeric = isinstance(value, (int, Decimal)) and not isinstance(value, bool)
    # Bounds first: the digits of 1e999999999 would fill the memory.
    if not numeric or not least <= value <= INT32_MAX or value != int(value):
        raise ValueError(f"{quote(value)} is not an integer from {least} to {INT32_MAX}")
    return int(value)


def _number(text: str) -> int | Decimal:
    """A number as it was written: a float would turn 1.00000000000000000001 into an integer."""
    try:
        return Decimal(text) if not text.lstrip("-").isdigit() or len(text) > 20 else int(text)
    except InvalidOperation:
        # An exponent of more digits than anyone counts. It only has to be outside of every bound.
        return Decimal("Infinity")


def _refuse_constant(name: str, constant: str) -> NoReturn:
    _refuse_text(f"the {name} is not JSON: {constant} is not a JSON number")


def _refuse_text(detail: str) -> NoReturn:
    raise NotJson([FieldError("", detail)])


def _pascal_case(name: str) -> str:
    return name[0].upper() + name[1:]


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names[:-1]) + f" and {names[-1]}"
