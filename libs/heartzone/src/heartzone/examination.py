"""Read a parsed JSON document as a message, exactly, and say everything that is wrong with it.

The rules are those of the model: its fields, their names in JSON, the bounds of its numbers, the formats of its texts.
What a service decides for itself is passed in: how a format is read, how a field may be spelled, what may be there
beside the fields. It is the slow way; services decode with msgspec first, and come here with what that did not take.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

from msgspec import Struct, inspect

from heartzone.violations import InvalidDocumentError, Violation, kind_of, pointer_to, quote

Message = TypeVar("Message", bound=Struct)
Spellings: TypeAlias = Callable[[str], tuple[str, ...]]
# Names and indexes on the way to a value, the last one first: rendered as a pointer only where something is wrong.
Show: TypeAlias = Callable[[Any], str]
Path: TypeAlias = "tuple[Path, str | int] | None"


@dataclass(frozen=True, slots=True)
class TextFormat:
    """How texts of a JSON Schema format are read.

    ``expected`` completes "… is not". ``read`` returns the text that the message gets, or raises a ValueError, whose
    text says what exactly is wrong where ``expected`` does not.
    """

    expected: str
    read: Callable[[str], str]


PLAIN_TEXT = TextFormat("a text", str)


def exact_number(text: str) -> int | Decimal:
    """A JSON number as it was written: a float would turn 1.00000000000000000001 into an integer."""
    try:
        return int(text) if len(text) <= 20 and text.lstrip("-").isdigit() else Decimal(text)
    except InvalidOperation:
        # An exponent of more digits than anyone counts; it only has to lie outside of every bound.
        return Decimal("Infinity")


class Examiner(Generic[Message]):
    """Reads documents as messages of one model.

    Args:
        message: the model.
        formats: how to read each format that the model's texts have.
        spellings: the names that a field may have in a document, by its name in JSON; the first is what errors call it.
        ignored: names that may be there beside the fields, by model; their values are not kept.
        max_violations: how many are listed; the rest of the document is not read then.
        confidential: say of which kind a value is, and neither the value nor the name of an unknown field: sentences go
            where the document does not.

    Raises:
        KeyError: the model has a format that is not in ``formats``.
        TypeError: the model has a type that there is no rule for.
    """

    def __init__(
        self,
        message: type[Message],
        *,
        formats: Mapping[str, TextFormat],
        spellings: Spellings = lambda name: (name,),
        ignored: Mapping[type[Struct], frozenset[str]] = MappingProxyType({}),
        max_violations: int = 1,
        confidential: bool = False,
    ) -> None:
        self._formats = formats
        self._spellings = spellings
        self._ignored = ignored
        self._max_violations = max_violations
        self._show: Show = kind_of if confidential else quote
        self._root = self._reader(inspect.type_info(message))

    def examine(self, document: Any) -> Message:
        """The message in a document, whose numbers are int or Decimal (see `exact_number`).

        Raises:
            InvalidDocumentError: it is none.
        """
        found = _Violations(self._max_violations)
        try:
            message: Message = self._root.read(document, None, found)
        except _EnoughError:
            pass
        else:
            if not found.violations:
                return message
        raise InvalidDocumentError(found.violations, ambiguous=found.ambiguous)

    def _reader(self, kind: inspect.Type, rules: Mapping[str, Any] = MappingProxyType({})) -> "_Reader":
        match kind:
            case inspect.Metadata(type=bare):
                return self._reader(bare, kind.extra_json_schema or {})
            case inspect.StrType(min_length=None, max_length=None, pattern=None):
                return _Text(self._formats[rules["format"]] if "format" in rules else PLAIN_TEXT, self._show)
            case inspect.IntType(gt=None, ge=int(least), lt=None, le=int(most), multiple_of=None):
                return _Integer(least, most, self._show)
            case inspect.ListType(min_length=None, max_length=None):
                return _Array(self._reader(kind.item_type), self._show)
            case inspect.StructType():
                fields = [_Field(self._spellings(field.encode_name), self._reader(field.type)) for field in kind.fields]
                return _Object(kind.cls, fields, self._ignored.get(kind.cls, frozenset()), self._show)
            case _:
                raise TypeError(f"there is no rule for {kind}")


class _EnoughError(Exception):
    """As many violations were found as are listed."""


class _Violations:
    """Collects what is wrong, up to a limit."""

    def __init__(self, limit: int) -> None:
        self.violations: list[Violation] = []
        self.ambiguous = False
        self._limit = limit

    def add(self, path: Path, detail: str) -> None:
        self.violations.append(Violation(_pointer(path), detail))
        if len(self.violations) >= self._limit:
            raise _EnoughError


def _pointer(path: Path) -> str:
    if path is None:
        return ""
    parent, name = path
    return pointer_to(_pointer(parent), str(name))


class _Reader(Protocol):
    """Reads values of one type. What it returns for a value with a violation is never used."""

    @property
    def expected(self) -> str:
        """Completes "… is not"."""

    def read(self, value: Any, path: Path, found: _Violations) -> Any:
        """The value that the message gets."""


class _Text:
    def __init__(self, form: TextFormat, show: Show) -> None:
        self.expected = form.expected
        self._show = show
        self._read = form.read

    def read(self, value: Any, path: Path, found: _Violations) -> Any:
        reason = ""
        if isinstance(value, str):
            try:
                return self._read(value)
            except ValueError as error:
                reason = f": {error}" if str(error) and self._show is quote else ""
        return found.add(path, f"{self._show(value)} is not {self.expected}{reason}")


class _Integer:
    """An integer as JSON Schema calls one: any number without a fraction, 2.0 and 1e2 too, and neither true nor "2"."""

    def __init__(self, least: int, most: int, show: Show) -> None:
        self._show = show
        self.expected = f"an integer from {least} to {most}"
        self._least, self._most = least, most

    def read(self, value: Any, path: Path, found: _Violations) -> Any:
        kind = type(value)
        # The range first: writing 1e999999999 out as an integer would fill the memory.
        if (kind is int or kind is Decimal) and self._least <= value <= self._most and value == (number := int(value)):
            return number
        return found.add(path, f"{self._show(value)} is not {self.expected}")


class _Array:
    def __init__(self, item: _Reader, show: Show) -> None:
        self._show = show
        self.expected = f"an array, each item {item.expected}"
        self._read_item = item.read

    def read(self, value: Any, path: Path, found: _Violations) -> Any:
        if not isinstance(value, list):
            return found.add(path, f"{self._show(value)} is not {self.expected}")
        read = self._read_item
        return [read(item, (path, index), found) for index, item in enumerate(value)]


@dataclass(frozen=True, slots=True)
class _Field:
    spellings: tuple[str, ...]
    reader: _Reader


class _Object:
    def __init__(self, model: type[Struct], fields: Sequence[_Field], ignored: frozenset[str], show: Show) -> None:
        self._show = show
        self._model = model
        self._fields = fields
        self._ignored = ignored
        self._spellings = {spelling for field in fields for spelling in field.spellings}
        self._first = [field.spellings[0] for field in fields]
        self._usual = frozenset(self._first)
        self.expected = f"an object with {_listed(self._first)}"
        self._known = _listed([*self._first, *sorted(ignored)])
        # Arrays last: what is wrong with many items must not push everything else off the list.
        order = sorted(range(len(fields)), key=lambda index: isinstance(fields[index].reader, _Array))
        self._readers = [(index, fields[index].reader.read) for index in order]

    def read(self, value: Any, path: Path, found: _Violations) -> Any:
        if not isinstance(value, dict):
            return found.add(path, f"{self._show(value)} is not {self.expected}")
        # Nearly every object has its fields and no other; looking for each spelling takes half of the time.
        names = self._first if value.keys() == self._usual else self._names(value, path, found)
        arguments: list[Any] = [None] * len(names)
        for index, read in self._readers:
            name = names[index]
            if name is not None:
                arguments[index] = read(value[name], (path, name), found)
        return self._model(*arguments)

    def _names(self, value: Mapping[str, Any], path: Path, found: _Violations) -> Sequence[str | None]:
        """How the document spells each field; None where it is missing."""
        names: list[str | None] = []
        for field in self._fields:
            present = [spelling for spelling in field.spellings if spelling in value]
            names.append(present[0] if present else None)
            if not present:
                found.add((path, field.spellings[0]), f"{field.spellings[0]} is missing; it is required")
            if len(present) > 1:
                found.ambiguous = True
                detail = f"{' and '.join(present)} are both there; one of them was expected"
                found.add((path, present[1]), detail)
        if len(value) > len(names) or None in names:
            for name in value:
                if name not in self._spellings and name not in self._ignored:
                    self._unknown(name, path, found)
        return names

    def _unknown(self, name: str, path: Path, found: _Violations) -> None:
        if self._show is quote:
            found.add((path, name), f"{quote(name)} is not a field; known are {self._known}")
        else:
            found.add(path, f"there is a further field; known are {self._known}")


def _listed(names: Sequence[str]) -> str:
    return " and ".join([part for part in (", ".join(names[:-1]), names[-1]) if part])
