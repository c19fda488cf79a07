"""The settings of each service, by the same environment variables as in a container."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass

from heartzone_cli.errors import CannotRunError
from heartzone_cli.output import sentence
from heartzone_cli.up.ports import LOOPBACK, Ports
from heartzone_producer.settings import ProducerSettings
from heartzone_zone_worker.settings import WorkerSettings
from service_chassis.settings import ServiceSettings, SettingsError, load

# Addresses, names and senders of a cluster: when they are set, of another cluster than this one.
_CLUSTER_VARIABLES = (
    "HEARTZONE_AUTH_",
    "HEARTZONE_KAFKA_",
    "HEARTZONE_RATE_LIMIT_",
    "HEARTZONE_SCHEMA_REGISTRY_",
    "HEARTZONE_TLS_",
    "HEARTZONE_TOPIC_",
    "HEARTZONE_GROUP_ID",
    "HEARTZONE_SECRETS_DIR",
)

# After a SIGKILL, the workers of the next start get partitions only when the dead ones have timed out. The minimum that
# a broker allows by default.
_SESSION_TIMEOUT_MS = "6000"


@dataclass(frozen=True)
class Service:
    """A Python process: `module` is run with `settings`, and has its readiness probe on `management_port`."""

    name: str
    module: str
    settings: Mapping[str, str]
    management_port: int
    settings_class: type[ServiceSettings]

    @property
    def argv(self) -> list[str]:
        """The command line: the same Python, which does not import modules of the current folder (-P)."""
        return [sys.executable, "-P", "-m", self.module]

    def environment(self, inherited: Mapping[str, str]) -> dict[str, str]:
        """Merge its settings into the inherited variables, without those that name another cluster."""
        kept = {name: value for name, value in inherited.items() if not name.startswith(_CLUSTER_VARIABLES)}
        return {**kept, **self.settings}

    def unused(self, inherited: Mapping[str, str]) -> set[str]:
        """Return the names of the inherited settings that it does not get, or gets with another value."""
        own = self.environment(inherited)
        return {
            name
            for name, value in inherited.items()
            if name.startswith("HEARTZONE_") and value and own.get(name) != value
        }


def check_settings(ports: Ports, inherited: Mapping[str, str]) -> list[str]:
    """Validate the settings of all services; return the names of the variables that do not reach them.

    Raises CannotRunError. A service would report the same error itself, but only after Kafka has started.
    """
    address = f"http://{LOOPBACK}:{ports.registry}"
    services = [producer(ports, address), *zone_workers(ports, address)]
    for service in services:
        try:
            load(service.settings_class, service.environment(inherited))
        except SettingsError as error:
            raise CannotRunError(sentence(str(error))) from None
    return sorted(set().union(*(service.unused(inherited) for service in services)))


def producer(ports: Ports, registry_url: str) -> Service:
    """Describe the web API."""
    own = {"HEARTZONE_HTTP_PORT": str(ports.api)}
    settings = own | _connection(ports, registry_url)
    return _service("producer", "heartzone_producer", ports.producer_metrics, settings, ProducerSettings)


def zone_workers(ports: Ports, registry_url: str) -> list[Service]:
    """Describe the zone workers, each with a transactional id of its own that is the same after a restart."""
    same = {"HEARTZONE_KAFKA_CONSUMER_SESSION_TIMEOUT_MS": _SESSION_TIMEOUT_MS} | _connection(ports, registry_url)
    return [
        _service(name, "heartzone_zone_worker", port, {"HEARTZONE_TRANSACTIONAL_ID": name} | same, WorkerSettings)
        for name, port in ((f"zone-worker-{number}", port) for number, port in enumerate(ports.worker_metrics))
    ]


def _connection(ports: Ports, registry_url: str) -> dict[str, str]:
    return {
        "HEARTZONE_KAFKA_BOOTSTRAP_SERVERS": f"{LOOPBACK}:{ports.kafka}",
        "HEARTZONE_SCHEMA_REGISTRY_URL": registry_url,
    }


def _service(
    name: str,
    module: str,
    management_port: int,
    settings: Mapping[str, str],
    settings_class: type[ServiceSettings],
) -> Service:
    common = {"HEARTZONE_MANAGEMENT_PORT": str(management_port), "HEARTZONE_LOG_FORMAT": "json"}
    return Service(name, module, {**settings, **common}, management_port, settings_class)
