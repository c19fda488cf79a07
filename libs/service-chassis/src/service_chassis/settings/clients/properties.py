"""Properties of a client library: their variables, and the values that they may have."""

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from service_chassis.settings.errors import SettingsError

_SECRET = re.compile(r"password|passphrase|secret|\.pem$|user\.info|auth\.token|oauthbearer\.config|^proxy$")
_INTEGER = re.compile(r"-?\d+")
_BOOLEANS = frozenset({"true", "false", "1", "0", "t", "f"})


@dataclass(frozen=True, slots=True)
class Property:
    """A property that a client library knows.

    ``clients``: ``*`` for all, ``C`` for consumers, ``P`` for producers. ``kind``: ``integer``, ``float``, ``boolean``,
    ``enum``, ``file`` or ``string``. ``allowed``: ``1 .. 100`` for numbers, the words of an enum.
    """

    clients: str
    kind: str
    allowed: str = ""


def is_secret(name: str) -> bool:
    """Say whether a property's value must not be shown."""
    return _SECRET.search(name) is not None


def variable_tail(name: str) -> str:
    """The end of a property's variable: ``SASL_USERNAME`` for ``sasl.username``."""
    return name.upper().replace(".", "_")


def find_property(variable: str, tail: str, known: Iterable[str], *, library: str) -> str:
    """The property that the end of a variable's name means.

    Raises:
        SettingsError: none of the known ones.
    """
    by_tail = {variable_tail(name): name for name in known}
    if tail in by_tail:
        return by_tail[tail]
    near = difflib.get_close_matches(tail, by_tail, n=1)
    hint = f"; did you mean {variable.removesuffix(tail)}{near[0]}?" if near else ""
    raise SettingsError(f"{variable}: {library} has no property {tail.lower().replace('_', '.')}{hint}")


def check_value(variable: str, name: str, prop: Property, value: str) -> None:
    """Find a value that the library would reject later, and name its variable.

    Raises:
        SettingsError: not a value of the property's kind.
    """
    expected = _expected(prop, value)
    if expected:
        shown = "the value" if is_secret(name) else repr(value)
        raise SettingsError(f"{variable}: {shown} is not {expected}")


def files_in(properties: Mapping[str, str], known: Mapping[str, Property]) -> list[str]:
    """The files that these properties name, and folders: certificates, keys."""
    return [value for name, value in properties.items() if known[name].kind == "file" and value != "probe"]


def _expected(prop: Property, value: str) -> str | None:
    if prop.kind == "integer" and not (_INTEGER.fullmatch(value) and _within(float(value), prop.allowed)):
        return f"an integer{_in_words(prop.allowed)}"
    if prop.kind == "float":
        try:
            number = float(value)
        except ValueError:
            number = float("nan")
        if not _within(number, prop.allowed):
            return f"a number{_in_words(prop.allowed)}"
    if prop.kind == "boolean" and value.lower() not in _BOOLEANS:
        return "true or false"
    if prop.kind == "enum" and value.lower() not in _words(prop.allowed):
        return f"one of {prop.allowed}"
    if prop.kind == "file" and value != "probe" and not Path(value).exists():
        return "an existing file"
    return None


def _within(number: float, allowed: str) -> bool:
    low, _, high = allowed.partition(" .. ")
    return number == number and (not allowed or float(low) <= number <= float(high))  # noqa: PLR0124 not a number


def _in_words(allowed: str) -> str:
    return f" from {allowed.replace(' .. ', ' to ')}" if allowed else ""


def _words(allowed: str) -> set[str]:
    return {word.strip().lower() for word in allowed.split(",")}


def shown(properties: Mapping[str, str]) -> dict[str, str]:
    """Properties for people: the values of secrets left out."""
    return {name: "***" if is_secret(name) else value for name, value in properties.items()}
