"""The connection to the schema registry: properties of confluent_kafka's SchemaRegistryClient.

Two are our own, ``basic.auth.username`` and ``basic.auth.password``: a Secret has them as two files.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from service_chassis.settings.clients.properties import Property, check_value, files_in, find_property, shown
from service_chassis.settings.errors import SettingsError

# The client has no list of its own to ask; it rejects other names. Source: _BaseRestClient.__init__ and
# _OAuthBearerOIDCFieldProviderBuilder in confluent_kafka 2.16.
SCHEMA_REGISTRY_PROPERTIES: Mapping[str, Property] = {
    "url": Property("*", "string"),
    "basic.auth.password": Property("*", "string"),
    "basic.auth.user.info": Property("*", "string"),
    "basic.auth.username": Property("*", "string"),
    "bearer.auth.client.id": Property("*", "string"),
    "bearer.auth.client.secret": Property("*", "string"),
    "bearer.auth.credentials.source": Property("*", "enum", "OAUTHBEARER, STATIC_TOKEN, OAUTHBEARER_AZURE_IMDS"),
    "bearer.auth.identity.pool.id": Property("*", "string"),
    "bearer.auth.issuer.endpoint.url": Property("*", "string"),
    "bearer.auth.logical.cluster": Property("*", "string"),
    "bearer.auth.scope": Property("*", "string"),
    "bearer.auth.token": Property("*", "string"),
    "max.retries": Property("*", "integer", "0 .. 100"),
    "proxy": Property("*", "string"),
    "retries.max.wait.ms": Property("*", "integer", "0 .. 60000"),
    "retries.wait.ms": Property("*", "integer", "0 .. 60000"),
    "ssl.ca.location": Property("*", "file"),
    "ssl.certificate.location": Property("*", "file"),
    "ssl.key.location": Property("*", "file"),
    "ssl.key.password": Property("*", "string"),
    "timeout": Property("*", "float", "0.1 .. 60"),
}
_CONVERSIONS: Mapping[str, Callable[[str], str | int | float]] = {"integer": int, "float": float, "enum": str.upper}


class SchemaRegistrySettings(BaseModel):
    """Properties of the registry client by their own names."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    properties: dict[str, str] = Field(default_factory=dict)

    @classmethod
    def from_variables(cls, variables: Mapping[str, str], *, prefix: str) -> Self:
        """Read the variables that begin with the prefix, such as MY_SCHEMA_REGISTRY_.

        Raises:
            SettingsError: an unknown property, a value it cannot have, or no URL.
        """
        properties: dict[str, str] = {}
        for variable, value in variables.items():
            if variable.startswith(prefix):
                tail = variable.removeprefix(prefix)
                name = find_property(variable, tail, SCHEMA_REGISTRY_PROPERTIES, library="the registry client")
                check_value(variable, name, SCHEMA_REGISTRY_PROPERTIES[name], value)
                properties[name] = value
        _check(properties, prefix)
        return cls(properties=properties)

    def client_config(self) -> dict[str, str | int | float]:
        """What the client is configured with; numbers as numbers and choices in capitals, as it requires."""
        found = {
            name: _CONVERSIONS.get(SCHEMA_REGISTRY_PROPERTIES[name].kind, str)(value)
            for name, value in self.properties.items()
        }
        if (user := found.pop("basic.auth.username", None)) is not None:
            found["basic.auth.user.info"] = f"{user}:{found.pop('basic.auth.password')}"
        if "bearer.auth.token" in found:
            found.setdefault("bearer.auth.credentials.source", "STATIC_TOKEN")
        if "bearer.auth.credentials.source" in found:
            # The client asks for one, which only Confluent Cloud has.
            found.setdefault("bearer.auth.logical.cluster", "")
        return found

    def files(self) -> list[str]:
        """The files that a client reads when it is made: certificates, keys."""
        return files_in(self.properties, SCHEMA_REGISTRY_PROPERTIES)

    def __repr_args__(self) -> Iterator[tuple[str, object]]:
        yield "properties", shown(self.properties)


def _check(properties: Mapping[str, str], prefix: str) -> None:
    url = properties.get("url")
    if url is None:
        raise SettingsError(
            f"{prefix}URL is not set; it takes the registry's address, like http://registry:8081 or,"
            " for Apicurio, http://registry:8080/apis/ccompat/v7"
        )
    for address in url.split(","):
        if not address.strip().startswith(("http://", "https://")):
            raise SettingsError(f"{prefix}URL: an address does not start with http:// or https://")
        if "@" in address:
            raise SettingsError(
                f"{prefix}URL: credentials do not belong in the address, where logs show them;"
                f" use {prefix}BASIC_AUTH_USER_INFO"
            )
    user, password = properties.get("basic.auth.username"), properties.get("basic.auth.password")
    if (user is None) != (password is None):
        given, missing = ("PASSWORD", "USERNAME") if user is None else ("USERNAME", "PASSWORD")
        raise SettingsError(f"{prefix}BASIC_AUTH_{given}: {prefix}BASIC_AUTH_{missing} is not set, which belongs to it")
    if user is not None and "basic.auth.user.info" in properties:
        raise SettingsError(f"{prefix}BASIC_AUTH_USER_INFO is set beside {prefix}BASIC_AUTH_USERNAME; set one of them")
    if ":" in (user or ""):
        raise SettingsError(f"{prefix}BASIC_AUTH_USERNAME: a user's name has no colon (RFC 7617)")
    if ":" not in properties.get("basic.auth.user.info", ":"):
        raise SettingsError(f"{prefix}BASIC_AUTH_USER_INFO: the value is not of the form user:password")
    if not properties.keys() >= {"ssl.certificate.location"} and (
        properties.keys() & {"ssl.key.location", "ssl.key.password"}
    ):
        raise SettingsError(f"{prefix}SSL_CERTIFICATE_LOCATION is not set, but the key that belongs to it is")
