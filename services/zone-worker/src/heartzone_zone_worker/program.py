"""The zone worker as an executable."""

from importlib.metadata import version

from prometheus_client import CollectorRegistry

from heartzone_zone_worker.settings import WorkerSettings
from service_chassis.program import Program, Service


def _compose(settings: WorkerSettings, registry: CollectorRegistry) -> Service:
    from heartzone_zone_worker.service import ZoneWorker  # noqa: PLC0415 it loads the clients

    return ZoneWorker(settings, registry)


PROGRAM = Program(
    product="heartzone",
    name="zone-worker",
    purpose="Turns every reading into a heart-rate zone event, exactly once.",
    version=version("heartzone-zone-worker"),
    settings=WorkerSettings,
    compose=_compose,
)
