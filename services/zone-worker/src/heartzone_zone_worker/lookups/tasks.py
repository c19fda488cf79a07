"""The tasks that lookups of schema ids consist of, and their outcomes."""

from enum import Enum
from typing import NamedTuple, TypeAlias


class Lookup(NamedTuple):
    """Look an id up."""

    schema_id: int
    began: float


class Check(NamedTuple):
    """See whether the registry is whole; the lookups are those whose outcome depends on it."""

    began: float
    lookups: "tuple[tuple[Lookup, str | None], ...]"


Task: TypeAlias = Lookup | Check


class Verdict(NamedTuple):
    """A whole registry does not know the id, or has a schema for it that is unusable for the reason."""

    schema_id: int
    unusable: str | None


class LookupState(Enum):
    """State of an id that has no result yet."""

    PENDING = "not looked up yet"
    NOT_FOUND_YET = "the registry does not know it; ids replicate late"
    REGISTRY_INCOMPLETE = "the registry does not even know what it must know"
    REGISTRY_UNAVAILABLE = "the registry does not respond as it should"


class CheckOutcome(Enum):
    """Outcome of the last check."""

    WHOLE = "whole"
    INCOMPLETE = "incomplete"
    FAILED = "failed"
