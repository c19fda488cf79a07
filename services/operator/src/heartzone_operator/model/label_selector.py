"""Label selectors, as `kubectl --selector` takes them: `team=orders`, `tier in (a, b)`, `!legacy`, joined by commas."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

_NAME = r"[A-Za-z0-9]([A-Za-z0-9._/-]*[A-Za-z0-9])?"
_VALUE = r"([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?)?"
_SET = re.compile(rf"(?P<key>{_NAME})\s+(?P<operator>in|notin)\s+\((?P<values>[^()]*)\)")
_EQUALITY = re.compile(rf"(?P<key>{_NAME})\s*(?P<operator>==|=|!=)\s*(?P<values>{_VALUE})")
_EXISTENCE = re.compile(rf"(?P<operator>!?)\s*(?P<key>{_NAME})")
_COMMA = re.compile(r",(?![^()]*\))")


@dataclass(frozen=True, slots=True)
class _Requirement:
    """`values` None: the label is there, with any value. `is_negated`: all that is said is not so."""

    key: str
    values: frozenset[str] | None
    is_negated: bool

    def matches(self, labels: Mapping[str, str]) -> bool:
        has = self.key in labels if self.values is None else labels.get(self.key) in self.values
        return has is not self.is_negated


class LabelSelector:
    """Without text, all labels match."""

    def __init__(self, text: str) -> None:
        """Raises ValueError."""
        self.text = text.strip()
        self._requirements = tuple(_requirement(each.strip()) for each in _COMMA.split(self.text)) if self.text else ()

    @property
    def suffix(self) -> str:
        """What the names of leases and records end in, so that operators of one namespace have different ones."""
        return f"-{hashlib.sha256(self.text.encode()).hexdigest()[:8]}" if self.text else ""

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Return whether the API server would select an object with these labels."""
        return all(each.matches(labels) for each in self._requirements)


def _requirement(text: str) -> _Requirement:
    if found := _SET.fullmatch(text):
        values = frozenset(each.strip() for each in found["values"].split(","))
        if all(re.fullmatch(_VALUE, each) for each in values):
            return _Requirement(found["key"], values, found["operator"] == "notin")
    elif found := _EQUALITY.fullmatch(text):
        return _Requirement(found["key"], frozenset([found["values"]]), found["operator"] == "!=")
    elif found := _EXISTENCE.fullmatch(text):
        return _Requirement(found["key"], None, found["operator"] == "!")
    raise ValueError(f"{text!r} is no requirement of a label; like team=orders, tier in (gold, silver) or !legacy")
