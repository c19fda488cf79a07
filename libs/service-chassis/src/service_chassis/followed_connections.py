"""Clients' credentials and certificates that are replaced in their mounted files, as Strimzi and cert-manager do.

librdkafka and the registry's client read a file when they are made, and never again.
"""

import hashlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from threading import Event, Thread
from typing import Generic, NamedTuple, Self, TypeVar

import structlog

from service_chassis.broker_probe import why_not_connected
from service_chassis.followed_files import CHECK_INTERVAL, FollowedFiles
from service_chassis.settings import KafkaSettings, SchemaRegistrySettings, ServiceSettings, SettingsError
from service_chassis.settings.environment import settings_files
from service_chassis.settings.loading import load_clients
from service_chassis.settings.variables import prefix_of

Settings = TypeVar("Settings")

log = structlog.get_logger(__name__)


class FollowedConnections:
    """Looks at the files while its block lasts, on a thread of its own, and hands properties over when they change.

    What is compared are contents: Kubernetes exchanges all files of a volume when one of them changes. New properties
    for Kafka are handed over once the brokers take them: until then the clients that there are go on with their
    connections, and a mistake in a Secret interrupts nothing.

    Args:
        settings: what the process was started with. Make the clients after this: they read the files, too.
        kafka: called with new properties; makes clients with them, in place of those that there are.
        schema_registry: the same for the registry.
        interval: seconds between two looks.

    Raises (constructor):
        SettingsError: a file that a property names cannot be read.
    """

    def __init__(
        self,
        settings: ServiceSettings,
        *,
        kafka: Callable[[KafkaSettings], object],
        schema_registry: Callable[[SchemaRegistrySettings], object],
        interval: float = CHECK_INTERVAL,
    ) -> None:
        self._settings = type(settings)
        self._environment = settings.environment
        self._interval = interval
        try:
            self._files = FollowedFiles("connections", self._paths, self._load, interval=0)
        except ValueError as error:
            raise SettingsError(str(error)) from error
        except OSError as error:
            prefix = prefix_of(self._settings)
            raise SettingsError(
                f"{prefix}KAFKA_… or {prefix}SCHEMA_REGISTRY_…: {error.filename} cannot be read ({error.strerror})"
            ) from error
        found = self._files.current
        self._kafka = _Followed("kafka", settings.kafka, found.kafka_digest, kafka, why_not_connected)
        self._registry = _Followed(
            "schema_registry", settings.schema_registry, found.registry_digest, schema_registry, _none
        )
        self._stopping = Event()

    def __enter__(self) -> Self:
        # A daemon: a stop does not wait for a broker.
        Thread(target=self._run, name="followed-connections", daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stopping.set()

    def check(self) -> None:
        """Look at the files once, and hand over what has changed."""
        found = self._files.current
        self._kafka.check(found.kafka, found.kafka_digest)
        self._registry.check(found.schema_registry, found.registry_digest)

    def _run(self) -> None:
        while not self._stopping.wait(self._interval):
            try:
                self.check()
            except Exception:
                # The thread goes on: the files may be as they should be the next time.
                log.exception("connections_check_failed")

    def _paths(self) -> Iterable[Path]:
        kafka, registry = self._load_clients()
        own = settings_files(self._environment, prefix=prefix_of(self._settings))
        return [*own, *map(Path, kafka.files()), *map(Path, registry.files())]

    def _load(self) -> "_Connections":
        kafka, registry = self._load_clients()
        return _Connections(kafka, _digest(kafka.files()), registry, _digest(registry.files()))

    def _load_clients(self) -> tuple[KafkaSettings, SchemaRegistrySettings]:
        try:
            return load_clients(self._settings, self._environment)
        except SettingsError as error:
            raise ValueError(str(error)) from error


class _Connections(NamedTuple):
    kafka: KafkaSettings
    kafka_digest: bytes
    schema_registry: SchemaRegistrySettings
    registry_digest: bytes


class _Followed(Generic[Settings]):
    """One side's properties as the clients have them, and as the files have them."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        digest: bytes,
        reconnect: Callable[[Settings], object],
        problem_of: Callable[[Settings], str | None],
    ) -> None:
        self._name = name
        self._current = (settings, digest)
        self._reconnect = reconnect
        self._problem_of = problem_of
        self._told = False

    def check(self, settings: Settings, digest: bytes) -> None:
        """Hand the properties over if they are new and can be used."""
        if (settings, digest) == self._current:
            self._told = False
            return
        if (problem := self._renew(settings)) is not None:
            if not self._told:  # once: brokers word it differently each time
                log.warning("connection_not_renewed", connection=self._name, reason=problem)
            self._told = True
            return
        self._current, self._told = (settings, digest), False
        log.info("connection_renewed", connection=self._name)

    def _renew(self, settings: Settings) -> str | None:
        """Hand the properties over; why they cannot be used, or None."""
        try:
            if (problem := self._problem_of(settings)) is None:
                self._reconnect(settings)
        except (OSError, ValueError) as error:  # a key that does not belong to its certificate, as while both change
            return f"{type(error).__name__}: {error}"
        return problem


def _none(_settings: SchemaRegistrySettings) -> None:
    """Nothing is known to be wrong with a registry's properties: a client without a session has nothing to keep."""


def _digest(paths: Iterable[str]) -> bytes:
    """Of the contents of files, and of those in folders."""
    digest = hashlib.sha256()
    for path in map(Path, paths):
        for file in sorted(path.iterdir()) if path.is_dir() else [path]:
            if file.is_file():
                content = file.read_bytes()
                digest.update(b"%b\0%d\0%b" % (os.fsencode(file), len(content), content))
    return digest.digest()
