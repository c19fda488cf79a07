"""The operator as an executable."""

from importlib.metadata import version

from prometheus_client import CollectorRegistry

from heartzone_operator.memory import share_heaps
from heartzone_operator.settings import OperatorSettings
from service_chassis.program import Program, Service


def _compose(settings: OperatorSettings, registry: CollectorRegistry) -> Service:
    share_heaps()
    from heartzone_operator.service import Operator  # noqa: PLC0415 it loads the clients

    return Operator(settings, registry)


PROGRAM = Program(
    product="heartzone",
    name="operator",
    purpose="Makes topics and schemas what EventTopic resources ask for.",
    version=version("heartzone-operator"),
    settings=OperatorSettings,
    compose=_compose,
)
