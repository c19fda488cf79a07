"""The web API as an executable."""

from importlib.metadata import version

from prometheus_client import CollectorRegistry

from heartzone_producer.settings import ProducerSettings
from service_chassis.program import Program, Service


def _compose(settings: ProducerSettings, registry: CollectorRegistry) -> Service:
    from heartzone_producer.service import ProducerService  # noqa: PLC0415 it loads the clients

    return ProducerService(settings, registry)


PROGRAM = Program(
    product="heartzone",
    name="producer",
    purpose="Receives readings over HTTP and writes them to Kafka.",
    version=version("heartzone-producer"),
    settings=ProducerSettings,
    compose=_compose,
)
