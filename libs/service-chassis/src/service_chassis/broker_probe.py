"""A connection to Kafka that shows whether the brokers take some properties, before clients depend on them."""

from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from service_chassis.settings import KafkaSettings

TIMEOUT = 5.0
"""Seconds for a broker to respond."""


def why_not_connected(settings: KafkaSettings) -> str | None:
    """Say why the brokers do not take these properties, or None when they do; blocks for some seconds at most."""
    for properties in settings.connections():
        errors: list[KafkaError] = []
        callbacks: dict[str, Any] = {"error_cb": errors.append, "log_level": 0}
        try:
            client = AdminClient({**properties, **callbacks})
        except KafkaException as failure:  # such as a certificate that cannot be read
            return str(failure.args[0].str())
        try:
            client.list_topics(timeout=TIMEOUT)
        except KafkaException as failure:
            client.poll(0)  # delivers the connections' own errors, which say more than "timed out"
            # "All brokers are down" follows the error that says why.
            causes = [error for error in errors if error.code() != KafkaError._ALL_BROKERS_DOWN]
            return (causes[-1] if causes else failure.args[0]).str()
    return None
