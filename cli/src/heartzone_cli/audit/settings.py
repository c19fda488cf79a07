"""The settings of the services that an audit has to know: deduplication window, transaction timeout, logs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

from heartzone.settings import VARIABLE_PREFIX
from heartzone_cli.errors import CannotRunError
from service_chassis.settings.service import LogLevel
from service_chassis.telemetry.logs import LogFormat

WINDOW = f"{VARIABLE_PREFIX}DEDUPLICATION_WINDOW"
TRANSACTION_TIMEOUT = f"{VARIABLE_PREFIX}TRANSACTION_TIMEOUT"
LOG_LEVEL, LOG_FORMAT = f"{VARIABLE_PREFIX}LOG_LEVEL", f"{VARIABLE_PREFIX}LOG_FORMAT"
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


def read_log_settings(variables: Mapping[str, str]) -> tuple[str, LogFormat]:
    """Read level and format as the services do. Raises CannotRunError."""
    level = _choice(variables, LOG_LEVEL, "info", get_args(LogLevel))
    form = _choice(variables, LOG_FORMAT, "auto", get_args(LogFormat))
    return level, next(each for each in get_args(LogFormat) if each == form)


def _choice(variables: Mapping[str, str], name: str, default: str, choices: tuple[str, ...]) -> str:
    chosen = variables.get(name, default).lower()
    if chosen not in choices:
        raise CannotRunError(f"{name} is {chosen!r}; one of {', '.join(choices)} would be right.")
    return chosen


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
