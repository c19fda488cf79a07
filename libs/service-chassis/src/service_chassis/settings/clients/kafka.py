"""The connection to Kafka: librdkafka's properties, read from variables and sorted by the kind of client."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from service_chassis.settings.clients.librdkafka_properties import LIBRDKAFKA_PROPERTIES
from service_chassis.settings.clients.properties import check_value, files_in, find_property, shown
from service_chassis.settings.errors import SettingsError

# Values that librdkafka knows and leaves to a callback, which clients here do not have.
_BY_CALLBACK = {
    (
        "sasl.oauthbearer.metadata.authentication.type",
        "aws_iam",
    ): "tokens of AWS take a package that is not part of this program; it has azure_imds, or a client's id and secret",
}
_SIDES = {"CONSUMER_": "for_consumer", "PRODUCER_": "for_producer"}


class KafkaSettings(BaseModel):
    """librdkafka properties by their own names: for every client, and those that win for consumers or producers."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    for_all: dict[str, str] = Field(default_factory=dict)
    for_consumer: dict[str, str] = Field(default_factory=dict)
    for_producer: dict[str, str] = Field(default_factory=dict)

    @classmethod
    def from_variables(
        cls, variables: Mapping[str, str], *, prefix: str, refused: Mapping[str, str] = MappingProxyType({})
    ) -> Self:
        """Read the variables that begin with the prefix, such as MY_KAFKA_.

        ``refused``: properties that cannot be set, each with the reason.

        Raises:
            SettingsError: an unknown or refused property, a value it cannot have, or no bootstrap servers.
        """
        sides: dict[str, dict[str, str]] = {"for_all": {}, "for_consumer": {}, "for_producer": {}}
        for variable, value in variables.items():
            if variable.startswith(prefix):
                side, name = _side_and_property(variable, variable.removeprefix(prefix))
                if name in refused:
                    raise SettingsError(f"{variable}: {name} cannot be set: {refused[name]}")
                _check_side(variable, side, name)
                check_value(variable, name, LIBRDKAFKA_PROPERTIES[name], value)
                if (reason := _BY_CALLBACK.get((name, value.lower()))) is not None:
                    raise SettingsError(f"{variable}: {value} cannot be used: {reason}")
                sides[side][name] = value
        if not {"bootstrap.servers", "metadata.broker.list"} & sides["for_all"].keys():
            raise SettingsError(
                f"{prefix}BOOTSTRAP_SERVERS is not set; it takes the brokers to start from, like kafka:9092"
            )
        return cls(**sides)

    def consumer(self) -> dict[str, str]:
        """What a consumer is configured with."""
        return {**self._known_to("*C"), **self.for_consumer}

    def producer(self) -> dict[str, str]:
        """What a producer is configured with."""
        return {**self._known_to("*P"), **self.for_producer}

    def admin(self) -> dict[str, str]:
        """What an admin client is configured with."""
        return self._known_to("*")

    def connections(self) -> list[dict[str, str]]:
        """What decides how brokers are reached, for each side that differs: properties that every client knows."""
        found: list[dict[str, str]] = []
        for side in (self.for_consumer, self.for_producer):
            of_all = {name: value for name, value in side.items() if "*" in LIBRDKAFKA_PROPERTIES[name].clients}
            if (properties := {**self.admin(), **of_all}) not in found:
                found.append(properties)
        return found

    def files(self) -> list[str]:
        """The files that clients read when they are made: certificates, keys."""
        sides = (self.for_all, self.for_consumer, self.for_producer)
        return [file for properties in sides for file in files_in(properties, LIBRDKAFKA_PROPERTIES)]

    def __repr_args__(self) -> Iterator[tuple[str, object]]:
        for name in type(self).model_fields:
            yield name, shown(getattr(self, name))

    def _known_to(self, kinds: str) -> dict[str, str]:
        """Without what only the other kind of client knows: librdkafka would warn of it at each start."""
        return {
            name: value
            for name, value in self.for_all.items()
            if any(kind in kinds for kind in LIBRDKAFKA_PROPERTIES[name].clients)
        }


def _side_and_property(variable: str, tail: str) -> tuple[str, str]:
    for prefix, side in _SIDES.items():
        if tail.startswith(prefix):
            name = find_property(variable, tail.removeprefix(prefix), LIBRDKAFKA_PROPERTIES, library="librdkafka")
            return side, name
    return "for_all", find_property(variable, tail, LIBRDKAFKA_PROPERTIES, library="librdkafka")


def _check_side(variable: str, side: str, name: str) -> None:
    clients = LIBRDKAFKA_PROPERTIES[name].clients
    if side == "for_consumer" and clients == "P":
        raise SettingsError(f"{variable}: {name} is a producer's property")
    if side == "for_producer" and clients == "C":
        raise SettingsError(f"{variable}: {name} is a consumer's property")
