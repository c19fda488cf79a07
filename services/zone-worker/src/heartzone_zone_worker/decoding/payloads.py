"""The slow, exact reading of a Biometrics payload, for what the quick one was not sure of.

It accepts what the quick one cannot (150.0 and 1e2 are integers to JSON Schema, leap seconds are date-times), and for
everything else it says which field is wrong, of which kind its value is and what was expected. The value itself is
not repeated: heart rates are health data, and the sentence goes into logs and into the headers of a dead letter.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from heartzone.examination import Examiner, exact_number
from heartzone.messages import Biometrics
from heartzone.violations import InvalidDocumentError
from heartzone_zone_worker.decoding.formats import FORMATS
from heartzone_zone_worker.reasons import PoisonReason

_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


class InvalidMessageError(ValueError):
    """A payload that is not a Biometrics message; the text says which field, and what was expected there.

    ``reason`` is INVALID_JSON or SCHEMA_VIOLATION.
    """

    def __init__(self, reason: PoisonReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class PayloadExaminer:
    """Reads the payloads of one writer's schema.

    Args:
        ignored: fields that the writer's schema declares and ours does not, by model; their values are not kept.
    """

    def __init__(self, ignored: Mapping[type[msgspec.Struct], frozenset[str]] = MappingProxyType({})) -> None:
        self._examiner = Examiner(Biometrics, formats=FORMATS, ignored=ignored, confidential=True)

    def examine(self, payload: bytes) -> Biometrics:
        """The message in a payload (without the wire format's prefix).

        Raises:
            InvalidMessageError: it is not JSON, or not a Biometrics.
        """
        document = _parse(payload)
        try:
            return self._examiner.examine(document)
        except InvalidDocumentError as error:
            raise InvalidMessageError(PoisonReason.SCHEMA_VIOLATION, str(error)) from error


_parse_json = msgspec.json.Decoder(float_hook=exact_number).decode


def _parse(payload: bytes) -> Any:
    if not payload:
        raise _not_json("the payload is empty; a JSON object was expected")
    if payload.startswith(_BOMS):
        raise _not_json("the payload starts with a byte order mark; UTF-8 JSON without one was expected")
    try:
        return _parse_json(payload)
    except UnicodeDecodeError as error:
        raise _not_json(f"the payload is not UTF-8 at byte {error.start}; UTF-8 JSON was expected") from error
    except RecursionError as error:
        raise _not_json("the payload is nested too deeply; a Biometrics has two levels") from error
    except msgspec.DecodeError as error:
        problem = str(error).removeprefix("JSON is malformed: ")
        raise _not_json(f"the payload is not JSON: {problem}") from error


def _not_json(detail: str) -> InvalidMessageError:
    return InvalidMessageError(PoisonReason.INVALID_JSON, detail)
