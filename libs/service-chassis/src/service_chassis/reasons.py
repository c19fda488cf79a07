"""Closed sets of reasons: labels of metrics, each with its meaning and remedy beside it."""

from enum import StrEnum
from typing import Self


class Reason(StrEnum):
    """Base of an enum of reasons, whose members are written as value, meaning and remedy."""

    meaning: str
    remedy: str

    # The defaults are for type checkers: they take the look-up of a member by its value for this call.
    def __new__(cls, value: str, meaning: str = "", remedy: str = "") -> Self:
        """Take the three parts of a member."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.meaning, member.remedy = meaning, remedy
        return member
