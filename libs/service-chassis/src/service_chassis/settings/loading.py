"""From the variables of an environment to settings, or to one sentence that says which of them cannot be used."""

import os
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from pydantic import SecretStr, ValidationError
from pydantic_settings import EnvSettingsSource

from service_chassis.settings.clients.kafka import KafkaSettings
from service_chassis.settings.clients.schema_registry import SchemaRegistrySettings
from service_chassis.settings.environment import read_environment
from service_chassis.settings.errors import SettingsError
from service_chassis.settings.service import ServiceSettings
from service_chassis.settings.spelling import check_spelling
from service_chassis.settings.variables import KAFKA, SCHEMA_REGISTRY, fields_by_variable, prefix_of, variable

Settings = TypeVar("Settings", bound=ServiceSettings)


def load(settings: type[Settings], environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings of a service from this process's environment, or from that which another one will have.

    Raises:
        SettingsError: one is missing, misspelt, or has a value that it cannot have.
    """
    variables = read_environment(environment, prefix=prefix_of(settings))
    check_spelling(variables, settings)
    kafka, schema_registry = _clients(settings, variables)
    try:
        loaded = settings(kafka=kafka, schema_registry=schema_registry, **_field_values(settings, variables))
    except ValidationError as error:
        raise SettingsError("; ".join(_sentences(error, settings))) from None
    loaded._environment = environment
    return loaded


def load_clients(
    settings: type[ServiceSettings], environment: Mapping[str, str]
) -> tuple[KafkaSettings, SchemaRegistrySettings]:
    """Read how Kafka and the registry are reached, and nothing else: the part of the settings that may change.

    Raises:
        SettingsError: a property is missing, misspelt, or has a value that it cannot have.
    """
    return _clients(settings, read_environment(environment, prefix=prefix_of(settings)))


def _clients(
    settings: type[ServiceSettings], variables: Mapping[str, str]
) -> tuple[KafkaSettings, SchemaRegistrySettings]:
    prefix = prefix_of(settings)
    kafka = KafkaSettings.from_variables(
        variables, prefix=f"{prefix}{KAFKA}", refused=settings.all_refused_properties()
    )
    return kafka, SchemaRegistrySettings.from_variables(variables, prefix=f"{prefix}{SCHEMA_REGISTRY}")


def _field_values(settings: type[ServiceSettings], variables: Mapping[str, str]) -> dict[str, Any]:
    """The values by field, as pydantic-settings reads them; those that are not set are missing."""
    known = fields_by_variable(settings)
    source = EnvSettingsSource(settings)
    # In lower case, as it looks for them.
    source.env_vars = {name.lower(): value for name, value in variables.items() if name in known}
    return source()


def _sentences(error: ValidationError, settings: type[ServiceSettings]) -> Iterator[str]:
    fields = fields_by_variable(settings)
    for problem in error.errors(include_url=False):
        path = [str(part) for part in problem["loc"]]
        message = problem["msg"].removeprefix("Value error, ")
        if not path:
            # A rule over several fields, which names them itself.
            yield message
            continue
        name = next(
            candidate
            for candidate in (variable(settings, *path[:2]), variable(settings, path[0]))
            if candidate in fields
        )
        message = f"{message[:1].lower()}{message[1:]}"
        if problem["type"] == "missing":
            yield f"{name} is not set"
        elif fields[name].annotation in (SecretStr, SecretStr | None):
            yield f"{name}: {message}"
        else:
            yield f"{name} is {problem['input']!r:.60}; {message}"
