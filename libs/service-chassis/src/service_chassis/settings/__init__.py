"""Settings of a process, read once at its start from the environment or from mounted files."""

from service_chassis.settings.clients.kafka import KafkaSettings
from service_chassis.settings.clients.schema_registry import SchemaRegistrySettings
from service_chassis.settings.errors import SettingsError
from service_chassis.settings.loading import load
from service_chassis.settings.service import ServiceSettings

__all__ = ["KafkaSettings", "SchemaRegistrySettings", "ServiceSettings", "SettingsError", "load"]
