"""The cluster that a command works on: HEARTZONE_* settings, or else a running `heartzone up`.

Each setting wins by itself, so that only the API of a running `up` can be replaced, for example.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from heartzone.refused_properties import REFUSED_PROPERTIES
from heartzone.settings import VARIABLE_PREFIX, TopicSettings
from heartzone_cli.cluster import endpoints
from heartzone_cli.cluster.endpoints import DamagedEndpointsError, Endpoints
from heartzone_cli.cluster.topic_reader import KafkaUnavailableError, TopicUnavailableError
from heartzone_cli.errors import CannotRunError
from heartzone_cli.output import sentence
from service_chassis.settings import KafkaSettings, SchemaRegistrySettings, SettingsError
from service_chassis.settings.environment import read_environment

KAFKA_PREFIX = f"{VARIABLE_PREFIX}KAFKA_"
REGISTRY_PREFIX = f"{VARIABLE_PREFIX}SCHEMA_REGISTRY_"
TOPIC_PREFIX = f"{VARIABLE_PREFIX}TOPIC_"
KAFKA_VARIABLE = f"{KAFKA_PREFIX}BOOTSTRAP_SERVERS"
REGISTRY_VARIABLE = f"{REGISTRY_PREFIX}URL"
GROUP_VARIABLE = f"{VARIABLE_PREFIX}GROUP_ID"
DEFAULT_GROUP_ID = "zone-worker"
# Commands read the environment of the services, which they do not import: an audit has to be independent of them.
REFUSED = dict.fromkeys(REFUSED_PROPERTIES, "the services and this command rest on its value")


@dataclass(frozen=True)
class Cluster:
    """How to connect to Kafka (librdkafka properties of each kind of client), and its topics' and group's names.

    `group_id` is that of the zone workers, whose committed offsets show when everything has been processed. `origin`
    is the variable or file that the address came from, for error messages. `variables` are all HEARTZONE_* settings.
    """

    consumer: dict[str, str]
    producer: dict[str, str]
    admin: dict[str, str]
    topics: TopicSettings
    group_id: str
    bootstrap_servers: str
    origin: str
    variables: Mapping[str, str] = field(default_factory=dict)


def find_up(data_dir: Path | None) -> Endpoints | None:
    """Find a running `up`. Raises CannotRunError for an invalid file, or for a data dir without one."""
    try:
        found = endpoints.find(data_dir)
    except DamagedEndpointsError as error:
        raise CannotRunError(str(error)) from error
    if found is None and data_dir is not None:
        raise CannotRunError(f"There is no {data_dir / endpoints.FILE_NAME}: is `heartzone up` running there?")
    return found


def read_cluster(up: Endpoints | None) -> Cluster:
    """Read the settings of Kafka and the topics. Raises CannotRunError, also when nothing says where Kafka is.

    The services' own settings class is not used: it requires a schema registry, which these commands do without.
    """
    try:
        variables = read_environment(os.environ, prefix=VARIABLE_PREFIX)
        origin = KAFKA_VARIABLE
        if up is not None and KAFKA_VARIABLE not in variables:
            variables[KAFKA_VARIABLE] = up.kafka
            origin = str(up.source)
        _require(KAFKA_VARIABLE, variables)
        kafka = KafkaSettings.from_variables(variables, prefix=KAFKA_PREFIX, refused=REFUSED)
    except SettingsError as error:
        raise CannotRunError(sentence(f"{error}{_hint(up)}")) from error
    return Cluster(
        consumer=kafka.consumer(),
        producer=kafka.producer(),
        admin=kafka.admin(),
        topics=_topics(variables),
        group_id=variables.get(GROUP_VARIABLE, DEFAULT_GROUP_ID),
        bootstrap_servers=variables.get(KAFKA_VARIABLE, "the configured address"),
        origin=origin,
        variables=variables,
    )


def read_registry(up: Endpoints | None) -> dict[str, str | int | float]:
    """Read the properties of the registry's client. Raises CannotRunError, also when nothing says where it is."""
    try:
        variables = read_environment(os.environ, prefix=VARIABLE_PREFIX)
        if up is not None:
            variables.setdefault(REGISTRY_VARIABLE, up.registry)
        _require(REGISTRY_VARIABLE, variables)
        return SchemaRegistrySettings.from_variables(variables, prefix=REGISTRY_PREFIX).client_config()
    except SettingsError as error:
        raise CannotRunError(sentence(f"{error}{_hint(up)}")) from error


def cannot_read(error: TopicUnavailableError, cluster: Cluster) -> CannotRunError:
    """Add where that Kafka is, and that a leftover endpoints.json may be the reason."""
    hint = ""
    if isinstance(error, KafkaUnavailableError) and cluster.origin.endswith(endpoints.FILE_NAME):
        hint = "; is that `heartzone up` still running?"
    return CannotRunError(f"{error} (Kafka at {cluster.bootstrap_servers}, from {cluster.origin}{hint})")


def _require(variable: str, variables: Mapping[str, str]) -> None:
    # A variable that looks like it is a misspelling, which the settings themselves report.
    if not any(name.startswith(variable[:-1]) for name in variables):
        raise CannotRunError(
            f"No `heartzone up` is running in this folder or one above it: start it, or set {variable} to work "
            "against another cluster."
        )


def _hint(up: Endpoints | None) -> str:
    return "" if up is not None else " (no `heartzone up` is running in this folder or one above it)"


def _topics(variables: Mapping[str, str]) -> TopicSettings:
    given = {name: f"{TOPIC_PREFIX}{name.upper()}" for name in TopicSettings.model_fields}
    try:
        return TopicSettings(**{name: variables[variable] for name, variable in given.items() if variable in variables})
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        variable = given[str(problem["loc"][0])]
        raise CannotRunError(
            f"{variable} is {problem['input']!r}; a topic name of at most 249 letters, digits, dots, underscores and "
            "hyphens would be right."
        ) from error
