"""A look at whether brokers may forget which letters are handled while the topic still has them."""

from contextlib import closing

import click
from confluent_kafka import KafkaException

from exactly_once.clients.promise_check import read_broker_settings
from exactly_once.clients.renewed_admin import RenewedAdmin
from exactly_once.core.broker_settings import BrokerSettings, risks
from exactly_once.core.reasons import RiskReason
from heartzone_cli.cluster.clients import QUIET
from heartzone_cli.cluster.connection import Cluster


def warn_of_expiry(cluster: Cluster) -> None:
    """Tell on stderr; it takes rights that a user may lack (DescribeConfigs), and is left out without."""
    with closing(RenewedAdmin({**cluster.admin, **QUIET})) as admin:
        try:
            settings = read_broker_settings(admin, [cluster.topics.dead_letters])
        except (KafkaException, KeyError, ValueError):
            return
    warning = warning_of(settings)
    if warning:
        click.echo(warning, err=True)


def warning_of(settings: BrokerSettings) -> str:
    """Return what is to be told; empty where nothing is."""
    risk = risks(settings).get(RiskReason.OFFSETS_EXPIRE_BEFORE_RECORDS)
    return f"Which letters are handled may be forgotten, and they be sent again: {risk}." if risk else ""
