"""Misspelt variables: reported, because what they were meant to set would silently have its default."""

import difflib
from collections.abc import Iterable

from service_chassis.settings.errors import SettingsError
from service_chassis.settings.service import ServiceSettings
from service_chassis.settings.variables import (
    KAFKA,
    SCHEMA_REGISTRY,
    fields_by_variable,
    group_prefixes,
    prefix_of,
)


def check_spelling(variables: Iterable[str], settings: type[ServiceSettings]) -> None:
    """Check the names of variables, those of client properties excepted.

    Unknown variables that resemble no known one pass: services share one environment, and a variable of another service
    is no mistake.

    Raises:
        SettingsError: a variable is nearly one that is known, or begins like a group's.
    """
    prefix = prefix_of(settings)
    known = fields_by_variable(settings)
    tails = {name.removeprefix(prefix): name for name in known}
    for variable in variables:
        if variable in known or variable.startswith((f"{prefix}{KAFKA}", f"{prefix}{SCHEMA_REGISTRY}")):
            continue
        if near := difflib.get_close_matches(variable.removeprefix(prefix), tails, n=1, cutoff=0.85):
            raise SettingsError(f"{variable} is not a setting; did you mean {tails[near[0]]}?")
        for group in group_prefixes(settings):
            if variable.startswith(group):
                members = ", ".join(name for name in known if name.startswith(group))
                raise SettingsError(f"{variable} is not a setting; known are {members}")
