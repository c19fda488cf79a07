"""Parse JSON text exactly, and say where it is not JSON."""

import json
from functools import partial
from typing import Any, NoReturn

from heartzone.examination import exact_number
from heartzone.violations import Violation
from heartzone_producer.intake.errors import MalformedBodyError


def parse(body: bytes, name: str = "body") -> Any:
    """Any JSON text, its numbers as int or Decimal; errors call it by its name.

    Raises:
        MalformedBodyError: empty, not UTF-8, with a byte order mark, not JSON, or nested deeper than Python can follow.
    """
    if not body:
        _malformed(f"the {name} is empty; a JSON text was expected")
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        _malformed(
            f"byte {error.start} of the {name} is 0x{body[error.start]:02x}, which is not UTF-8;"
            " UTF-8 JSON was expected"
        )
    if text.startswith("\ufeff"):
        _malformed(f"the {name} starts with a byte order mark; UTF-8 JSON without one was expected")
    try:
        return json.loads(
            text, parse_int=exact_number, parse_float=exact_number, parse_constant=partial(_no_constant, name)
        )
    except json.JSONDecodeError as error:
        _malformed(f"the {name} is not JSON: {error.msg} at line {error.lineno}, column {error.colno}")
    except RecursionError:
        _malformed(f"the {name} is nested too deeply; a message has two levels")


def _no_constant(name: str, constant: str) -> NoReturn:
    _malformed(f"the {name} is not JSON: {constant} is not a JSON number")


def _malformed(detail: str) -> NoReturn:
    raise MalformedBodyError([Violation("", detail)])
