"""Which cluster a command works against: HEARTZONE_* settings, or else a running `heartzone up`.

Settings win one by one, so that only the API of a running `up` can be replaced, for example.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import click
from pydantic import ValidationError

from heartzone.settings import VARIABLE_PREFIX, TopicSettings
from heartzone_cli import endpoints
from heartzone_cli.endpoints import DamagedEndpointsError, Endpoints
from heartzone_cli.sentences import sentence
from heartzone_cli.topic_reader import KafkaSilentError, TopicUnavailableError
from heartzone_zone_worker.settings import WorkerSettings
from service_chassis.settings import KafkaSettings, SchemaRegistrySettings, SettingsError
from service_chassis.settings.environment import read_environment

KAFKA_PREFIX = f"{VARIABLE_PREFIX}KAFKA_"
REGISTRY_PREFIX = f"{VARIABLE_PREFIX}SCHEMA_REGISTRY_"
KAFKA_VARIABLE = f"{KAFKA_PREFIX}BOOTSTRAP_SERVERS"
REGISTRY_VARIABLE = f"{REGISTRY_PREFIX}URL"
API_VARIABLE = f"{VARIABLE_PREFIX}API"
GROUP_VARIABLE = f"{VARIABLE_PREFIX}GROUP_ID"
TOPIC_PREFIX = f"{VARIABLE_PREFIX}TOPIC_"
DEFAULT_GROUP_ID = "zone-worker"


class CannotRunError(click.ClickException):
    """What keeps a command from starting, in one sentence: exit code 2."""

    exit_code = 2


@dataclass(frozen=True)
class Cluster:
    """How to reach Kafka (`consumer` and `admin` are librdkafka properties) and what things are called there.

    `group_id` is that of the zone workers, whose progress tells when everything has been worked off. `origin` says
    where the address came from, for sentences about what does not answer.
    """

    consumer: dict[str, str]
    admin: dict[str, str]
    biometrics_topic: str
    zones_topic: str
    group_id: str
    bootstrap_servers: str
    origin: str


def running(data_dir: Path | None) -> Endpoints | None:
    """Find a running `up`. Raises CannotRunError for a file that cannot be used, or a data dir without one."""
    try:
        found = endpoints.find(data_dir)
    except DamagedEndpointsError as error:
        raise CannotRunError(str(error)) from error
    if found is None and data_dir is not None:
        raise CannotRunError(f"There is no {data_dir / endpoints.FILE_NAME}: is `heartzone up` running there?")
    return found


def connect(up: Endpoints | None) -> Cluster:
    """Read the settings of Kafka and the topics. Raises CannotRunError, also when nothing says where Kafka is.

    The services' own settings class is not used: it asks for a schema registry, which these commands do without.
    """
    try:
        variables = read_environment(os.environ, prefix=VARIABLE_PREFIX)
        origin = KAFKA_VARIABLE
        if up is not None and KAFKA_VARIABLE not in variables:
            variables[KAFKA_VARIABLE] = up.kafka
            origin = str(up.source)
        _require(KAFKA_VARIABLE, variables)
        kafka = KafkaSettings.from_variables(
            variables, prefix=KAFKA_PREFIX, refused=WorkerSettings.all_refused_properties()
        )
    except SettingsError as error:
        raise CannotRunError(sentence(f"{error}{_hint(up)}")) from error
    topics = _topics(variables)
    return Cluster(
        consumer=kafka.consumer(),
        admin=kafka.admin(),
        biometrics_topic=topics.biometrics,
        zones_topic=topics.zones,
        group_id=variables.get(GROUP_VARIABLE, DEFAULT_GROUP_ID),
        bootstrap_servers=variables.get(KAFKA_VARIABLE, "the configured address"),
        origin=origin,
    )


def registry(up: Endpoints | None) -> dict[str, str | int | float]:
    """Read the settings of the registry's client. Raises CannotRunError, also when nothing says where it is."""
    try:
        variables = read_environment(os.environ, prefix=VARIABLE_PREFIX)
        if up is not None:
            variables.setdefault(REGISTRY_VARIABLE, up.registry)
        _require(REGISTRY_VARIABLE, variables)
        return SchemaRegistrySettings.from_variables(variables, prefix=REGISTRY_PREFIX).client_config()
    except SettingsError as error:
        raise CannotRunError(sentence(f"{error}{_hint(up)}")) from error


def api_url(given: str | None, up: Endpoints | None) -> str:
    """Choose the web API: the option or HEARTZONE_API, or else the running `up`. Raises CannotRunError."""
    if given is None and up is None:
        raise CannotRunError(
            "No `heartzone up` is running in this folder or one above it: start it, or name the web API with "
            f"--api or {API_VARIABLE}."
        )
    url = given or (up.api if up is not None else "")
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise CannotRunError(f"{url!r} is no address of a web API; one like http://127.0.0.1:8080 would be right.")
    return url


def cannot_read(error: TopicUnavailableError, cluster: Cluster) -> CannotRunError:
    """Say what is wrong with Kafka, where that Kafka is, and that a leftover endpoints.json may be why."""
    hint = ""
    if isinstance(error, KafkaSilentError) and cluster.origin.endswith(endpoints.FILE_NAME):
        hint = "; is that `heartzone up` still running?"
    return CannotRunError(f"{error} (Kafka at {cluster.bootstrap_servers}, from {cluster.origin}{hint})")


def _require(variable: str, variables: Mapping[str, str]) -> None:
    # A variable that looks like it is a misspelling, which the settings themselves name.
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
