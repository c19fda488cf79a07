"""The settings of the services that an audit has to know: the deduplication window, and how long transactions last."""

from collections.abc import Mapping
from dataclasses import dataclass

from heartzone.settings import VARIABLE_PREFIX
from heartzone_cli.errors import CannotRunError

WINDOW = f"{VARIABLE_PREFIX}DEDUPLICATION_WINDOW"
TRANSACTION_TIMEOUT = f"{VARIABLE_PREFIX}TRANSACTION_TIMEOUT"
DEFAULT_WINDOW, DEFAULT_TRANSACTION_TIMEOUT = 600.0, 10.0
BROKERS_DELAY = 15.0
"""Seconds until brokers abort a transaction that is over its timeout: they look for such every ten by default."""


@dataclass(frozen=True, slots=True)
class AuditSettings:
    """In seconds."""

    window: float
    transaction_limit: float


def read_settings(variables: Mapping[str, str], transaction_timeout: float | None) -> AuditSettings:
    """Read the variables of the zone workers. Raises CannotRunError."""
    limit = transaction_timeout
    if limit is None:
        limit = _number(variables, TRANSACTION_TIMEOUT, DEFAULT_TRANSACTION_TIMEOUT) + BROKERS_DELAY
    return AuditSettings(_number(variables, WINDOW, DEFAULT_WINDOW), limit)


def _number(variables: Mapping[str, str], name: str, default: float) -> float:
    text = variables.get(name)
    if text is None:
        return default
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 86_400:
        raise CannotRunError(f"{name} is {text!r}; a number of seconds from 0 to 86400 would be right.")
    return number
