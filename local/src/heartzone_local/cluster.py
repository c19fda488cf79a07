"""Which cluster a command works against: HEARTZONE_* settings, or else a running `heartzone up`.

Settings win one by one, so that only the API of a running `up` can be replaced, for example.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from heartzone import settings
from heartzone_local import endpoints
from heartzone_local.endpoints import DamagedEndpointsError, Endpoints

KAFKA_VARIABLE = "HEARTZONE_KAFKA_BOOTSTRAP_SERVERS"
API_VARIABLE = "HEARTZONE_API"


class CannotRunError(click.ClickException):
    """What keeps a command from starting, in one sentence: exit code 2."""

    exit_code = 2


class CommandSettings(settings.ServiceSettings):
    """The settings of the services that a command needs to know too."""

    group_id: str = "zone-worker"
    """The consumer group of the zone workers, whose progress tells when everything has been worked off."""


@dataclass(frozen=True)
class Cluster:
    """How to reach Kafka (`consumer` and `admin` are librdkafka properties) and what things are called there.

    `origin` says where the address came from, for sentences about what does not answer.
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
    """Read the settings. Raises CannotRunError, also when nothing says where Kafka is."""
    origin = KAFKA_VARIABLE
    if up is not None and KAFKA_VARIABLE not in os.environ and not _in_secrets_dir(KAFKA_VARIABLE):
        os.environ[KAFKA_VARIABLE] = up.kafka
        origin = str(up.source)
    try:
        loaded = settings.load(CommandSettings)
    except settings.SettingsError as error:
        hint = "" if up is not None else " (No `heartzone up` is running in this folder or one above it.)"
        raise CannotRunError(f"{error}{hint}") from error
    return Cluster(
        consumer=loaded.kafka.consumer(),
        admin=loaded.kafka.admin(),
        biometrics_topic=loaded.topics.biometrics,
        zones_topic=loaded.topics.zones,
        group_id=loaded.group_id,
        bootstrap_servers=loaded.kafka.admin()["bootstrap.servers"],
        origin=origin,
    )


def api_url(given: str | None, up: Endpoints | None) -> str:
    """Choose the web API: the option or HEARTZONE_API, or else the running `up`. Raises CannotRunError."""
    if given is not None:
        return given
    if up is None:
        raise CannotRunError(
            "No `heartzone up` is running in this folder or one above it: start it, or name the web API with "
            f"--api or {API_VARIABLE}."
        )
    return up.api


def does_not_answer(what: str, origin: str) -> CannotRunError:
    """Say in one sentence what does not answer, and that a leftover endpoints.json may be why."""
    hint = " (Left over by an `up` that is gone? Start it again.)" if origin.endswith(endpoints.FILE_NAME) else ""
    return CannotRunError(f"{what}, which {origin} names, does not answer.{hint}")


def _in_secrets_dir(variable: str) -> bool:
    secrets: Any = os.environ.get("HEARTZONE_SECRETS_DIR")
    return bool(secrets) and (Path(secrets) / variable).is_file()
