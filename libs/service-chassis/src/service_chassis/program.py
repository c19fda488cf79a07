"""The start of a service, from the command line's arguments to the exit code."""

import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import structlog
from prometheus_client import CollectorRegistry

from service_chassis import garbage
from service_chassis.early_stop import STOP_SIGNALS
from service_chassis.settings import ServiceSettings, SettingsError, load
from service_chassis.settings.command_line import parse_arguments
from service_chassis.settings.variables import variable
from service_chassis.telemetry import build_info, logs
from service_chassis.telemetry.management import Health, ManagementServer
from service_chassis.telemetry.readiness import export_readiness
from service_chassis.telemetry.tracing import exporting

SETTINGS_UNUSABLE = 2
"""Exit code for a setting that cannot be used; one sentence on stderr names its variable."""

log = structlog.get_logger(__name__)

Settings = TypeVar("Settings", bound=ServiceSettings)


class Service(Protocol):
    """A service that has been composed from its settings and not begun to work."""

    def run(self) -> int:
        """Work until stopped; return the exit code. The management port listens already.

        Raises:
            SettingsError: what is outside does not fit a setting, such as credentials that are rejected.
        """
        ...

    def stop(self) -> None:
        """Ask `run` to return, also when it has not begun. Called in a signal handler, perhaps more than once."""
        ...

    def live(self) -> Health:
        """Say whether the process makes progress; asked from other threads."""
        ...

    def ready(self) -> Health:
        """Say whether the process does its work; asked from other threads."""
        ...


@dataclass(frozen=True, kw_only=True)
class Program(Generic[Settings]):
    """A service as an executable."""

    product: str
    """What the service is part of: metrics are called ``<product>_…``, the executable ``<product>-<name>``."""
    name: str
    """The service's name in logs and in ``<product>_build_info``."""
    purpose: str
    """One sentence for ``--help``."""
    version: str
    settings: type[Settings]
    compose: Callable[[Settings, CollectorRegistry], Service]
    """Makes the service; the registry is where its metrics belong. Modules that take long to load are imported in
    here, so that a mistake in a setting is reported before. Raises SettingsError."""

    @property
    def executable(self) -> str:
        """The name on the command line."""
        return f"{self.product}-{self.name}"


def run(program: Program[Settings], arguments: Sequence[str]) -> int:
    """Run a service to its end and return its exit code: the service's own, or 2 for a setting that cannot be used.

    SIGTERM and SIGINT call the service's `stop`. Exits by itself for ``--help`` (0) and for other arguments (2).
    """
    parse_arguments(program.executable, program.purpose, program.settings, arguments)
    try:
        settings = load(program.settings)
        logs.configure(settings.log_level, settings.log_format, program.name)
        registry = CollectorRegistry()
        build_info(registry, f"{program.product}_", program.name, program.version)
        with ExitStack() as stack:
            stack.enter_context(exporting(program.executable, program.version))
            service = program.compose(settings, registry)
            export_readiness(registry, f"{program.product}_", service.ready)
            for number in STOP_SIGNALS:
                signal.signal(number, lambda *_: service.stop())
            server = ManagementServer(
                settings.management_port,
                registry=registry,
                live=service.live,
                ready=service.ready,
                name=program.product,
            )
            try:
                stack.enter_context(server)
            except OSError as error:
                raise SettingsError(f"{variable(program.settings, 'management_port')}: {error.strerror}") from error
            log.info("management_listening", management_port=server.port)
            garbage.resume()
            return service.run()
    except SettingsError as error:
        sys.stderr.write(f"{program.executable}: {error}\n")
        return SETTINGS_UNUSABLE
