"""What each service is started with: the environment contract that holds in a container, too."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass

from heartzone_cli.sentences import sentence
from heartzone_cli.up.ports import LOOPBACK, Ports
from heartzone_cli.up.refusal import CannotStart
from heartzone_producer.settings import ProducerSettings
from heartzone_zone_worker.settings import WorkerSettings
from service_chassis.settings import ServiceSettings, SettingsError, load

# How to reach a cluster and what is called what there: of another cluster than this one, when they are set at all.
_OF_A_CLUSTER = (
    "HEARTZONE_KAFKA_",
    "HEARTZONE_SCHEMA_REGISTRY_",
    "HEARTZONE_TOPIC_",
    "HEARTZONE_GROUP_ID",
    "HEARTZONE_SECRETS_DIR",
)

# After a SIGKILL the next start waits for so long until the dead workers are out of the group; not below what a broker
# admits by default.
_SESSION_TIMEOUT_MS = "6000"


@dataclass(frozen=True)
class Service:
    """A Python process: `module` is run with `settings`, and says on `management_port` whether it is ready."""

    name: str
    module: str
    settings: Mapping[str, str]
    management_port: int
    settings_class: type[ServiceSettings]

    @property
    def argv(self) -> list[str]:
        """The command line: this very Python, which does not look for modules in the current folder (-P)."""
        return [sys.executable, "-P", "-m", self.module]

    def environment(self, inherited: Mapping[str, str]) -> dict[str, str]:
        """Settings over what is inherited; tuning goes through, the way to another cluster does not."""
        kept = {name: value for name, value in inherited.items() if not name.startswith(_OF_A_CLUSTER)}
        return {**kept, **self.settings}

    def unused(self, inherited: Mapping[str, str]) -> set[str]:
        """The names of the settings that are set and do not reach it as they are."""
        own = self.environment(inherited)
        return {
            name
            for name, value in inherited.items()
            if name.startswith("HEARTZONE_") and value and own.get(name) != value
        }


def refuse_unusable(ports: Ports, inherited: Mapping[str, str]) -> list[str]:
    """Read the settings of all services as they will; returns the names of the variables that do not reach them.

    Raises CannotStart. A service would find the same mistake itself, but only after Kafka has started.
    """
    address = f"http://{LOOPBACK}:{ports.registry}"
    services = [producer(ports, address), *zone_workers(ports, address)]
    for service in services:
        try:
            load(service.settings_class, service.environment(inherited))
        except SettingsError as error:
            raise CannotStart(sentence(str(error))) from None
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
