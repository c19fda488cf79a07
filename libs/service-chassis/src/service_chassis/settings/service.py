"""The settings that every service has, and how a service's own are read with them."""

import difflib
import os
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from service_chassis.settings.errors import SettingsError
from service_chassis.settings.kafka import KAFKA_PREFIX, KafkaSettings
from service_chassis.settings.schema_registry import SCHEMA_REGISTRY_PREFIX, SchemaRegistrySettings
from service_chassis.settings.variables import PREFIX, read_variables

TOPIC_PREFIX = f"{PREFIX}TOPIC_"

# Kafka's own rule (org.apache.kafka.common.internals.Topic.validate).
TopicName = Annotated[str, StringConstraints(min_length=1, max_length=249, pattern=r"^[a-zA-Z0-9._-]+$")]

Settings = TypeVar("Settings", bound="ServiceSettings")

# Where the variables are read from: pydantic-settings hands its sources nothing but the class.
_environment: ContextVar[Mapping[str, str]] = ContextVar("environment", default=os.environ)


class TopicSettings(BaseModel):
    """Names of the topics."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    raw: TopicName = Field("RawBiometricsImported", description="Topic of bodies as they were sent, not validated.")
    biometrics: TopicName = Field("BiometricsImported", description="Topic of Biometrics messages, keyed by device.")
    zones: TopicName = Field("HeartRateZoneReached", description="Topic of zone events, keyed by device.")
    dead_letters: TopicName = Field(
        "BiometricsImported.dlq",
        description="Topic of records that are not Biometrics messages, with the bytes that they came with.",
    )


class ServiceSettings(BaseSettings):
    """What every service reads; a service's own settings are further fields of a subclass.

    A field ``name`` is the variable HEARTZONE_NAME; its value is text that pydantic makes the field's type of.
    """

    model_config = SettingsConfigDict(extra="forbid", hide_input_in_errors=True, validate_default=True)

    kafka: KafkaSettings
    schema_registry: SchemaRegistrySettings
    topics: TopicSettings = Field(default_factory=TopicSettings)
    management_port: int = Field(
        9090,
        ge=0,
        le=65535,
        description="Port of `/metrics`, `/livez` and `/readyz`, apart from the service's own so that it need not be"
        " published. 0 takes a free one.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severe log lines that are written."
    )
    log_format: Literal["json", "console", "auto"] = Field(
        "auto",
        description="`json` is one object a line, `console` is for people; `auto` is `console` in a terminal and"
        " `json` elsewhere.",
    )

    @field_validator("log_level", "log_format", mode="before")
    @classmethod
    def _any_case(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 replaced: it knows neither files nor dotted properties
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 no .env: the same names everywhere, from one place
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 read together with the environment
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments of the constructor first, then variables."""
        return init_settings, _Variables(settings_cls)


class _Variables(PydanticBaseSettingsSource):
    """The environment and the files of HEARTZONE_SECRETS_DIR, as values of fields."""

    def __call__(self) -> dict[str, Any]:
        variables = read_variables(_environment.get())
        _refuse_misspelt(variables, self.settings_cls)
        values: dict[str, Any] = {
            "kafka": KafkaSettings.from_variables(variables),
            "schema_registry": SchemaRegistrySettings.from_variables(variables),
            "topics": {
                name: variables[variable] for name, variable in topic_variables().items() if variable in variables
            },
        }
        for name, variable in field_variables(self.settings_cls).items():
            if variable in variables:
                values[name] = variables[variable]
        return values

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Asked by nobody, since ``__call__`` reads all fields at once; the base class wants it."""
        raise NotImplementedError


def topic_variables() -> dict[str, str]:
    """The variable of each topic's name."""
    return {name: f"{TOPIC_PREFIX}{name.upper()}" for name in TopicSettings.model_fields}


def field_variables(settings: type[BaseSettings]) -> dict[str, str]:
    """The variable of each field that has one of its own."""
    groups = {"kafka", "schema_registry", "topics"}
    return {name: f"{PREFIX}{name.upper()}" for name in settings.model_fields if name not in groups}


def _refuse_misspelt(variables: Mapping[str, str], settings: type[BaseSettings]) -> None:
    """Say so when a variable is nearly one that is known.

    Other unknown variables pass: services share one environment, and a variable of another service is no mistake.
    """
    known = [*field_variables(settings).values(), *topic_variables().values()]
    for variable in variables:
        if variable in known or variable.startswith((KAFKA_PREFIX, SCHEMA_REGISTRY_PREFIX)):
            continue
        tails = {name.removeprefix(PREFIX): name for name in known}
        near = difflib.get_close_matches(variable.removeprefix(PREFIX), tails, n=1, cutoff=0.85)
        if near or variable.startswith(TOPIC_PREFIX):
            hint = (
                f"; did you mean {tails[near[0]]}?" if near else f"; known are {', '.join(topic_variables().values())}"
            )
            raise SettingsError(f"{variable} is not a setting{hint}")


def load(settings: type[Settings], environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings of a service from this process's environment, or from that which another one will have.

    Raises:
        SettingsError: one is missing, misspelt, or has a value that it cannot have.
    """
    token = _environment.set(environment)
    try:
        return settings()
    except ValidationError as error:
        raise SettingsError("; ".join(_sentences(error, settings))) from None
    finally:
        _environment.reset(token)


def _sentences(error: ValidationError, settings: type[BaseSettings]) -> Iterator[str]:
    variables = field_variables(settings)
    topics = topic_variables()
    for problem in error.errors(include_url=False):
        path = [str(part) for part in problem["loc"]]
        message = problem["msg"].removeprefix("Value error, ")
        if not path:
            # A rule over several fields, which names them itself.
            yield message
            continue
        variable = topics[path[1]] if path[0] == "topics" else variables[path[0]]
        message = f"{message[:1].lower()}{message[1:]}"
        if problem["type"] == "missing":
            yield f"{variable} is not set"
        elif settings.model_fields[path[0]].annotation in (SecretStr, SecretStr | None):
            yield f"{variable}: {message}"
        else:
            yield f"{variable} is {problem['input']!r:.60}; {message}"
