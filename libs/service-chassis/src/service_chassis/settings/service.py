"""The settings that every service has."""

from collections.abc import Mapping, Set
from types import MappingProxyType
from typing import ClassVar, Literal

from pydantic import Field, PrivateAttr, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from service_chassis.settings.clients.kafka import KafkaSettings
from service_chassis.settings.clients.schema_registry import SchemaRegistrySettings

_REFUSED_BY_OTHERS = "another service that reads the same environment sets it itself"

LogLevel = Literal["debug", "info", "warning", "error"]


class ServiceSettings(BaseSettings):
    """A service's settings are a subclass with further fields: ``class MySettings(ServiceSettings, env_prefix="MY_")``.

    A field ``name`` is the variable MY_NAME; its type is one that pydantic makes from text. A field whose type is
    a pydantic model is a group: its field ``inner`` is MY_NAME_INNER. `load` reads them.
    """

    model_config = SettingsConfigDict(
        env_nested_delimiter="_",
        env_nested_max_split=1,  # a group's fields are no groups: further underscores belong to their names
        extra="forbid",
        hide_input_in_errors=True,
        validate_default=True,
    )

    refused_properties: ClassVar[Mapping[str, str]] = MappingProxyType({})
    """librdkafka's properties that cannot be set, because the service rests on their values, each with the reason."""
    refused_by_others: ClassVar[Set[str]] = frozenset()
    """Properties that other services refuse which read the same environment: refused here too, so that the service that
    starts first reports the mistake."""

    kafka: KafkaSettings
    schema_registry: SchemaRegistrySettings
    management_port: int = Field(
        9090,
        ge=0,
        le=65535,
        description="Port of `/metrics`, `/livez` and `/readyz`, apart from the service's own so that it need not be"
        " published. 0 takes a free one.",
    )
    log_level: LogLevel = Field("info", description="Least severe log lines that are written.")
    log_format: Literal["json", "console", "auto"] = Field(
        "auto",
        description="`json` is one object a line, `console` is for people; `auto` is `console` in a terminal and"
        " `json` elsewhere.",
    )

    _environment: Mapping[str, str] = PrivateAttr(default_factory=dict)

    @property
    def environment(self) -> Mapping[str, str]:
        """Where `load` has read them, and where what is followed is read again."""
        return self._environment

    @classmethod
    def all_refused_properties(cls) -> Mapping[str, str]:
        """Every property that cannot be set, with the reason."""
        return {**dict.fromkeys(cls.refused_by_others, _REFUSED_BY_OTHERS), **cls.refused_properties}

    @field_validator("log_level", "log_format", mode="before")
    @classmethod
    def _any_case(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only arguments of the constructor: `load` reads an environment, which need not be this process's."""
        return (init_settings,)
