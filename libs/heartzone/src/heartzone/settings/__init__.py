"""Settings of a process, read once at its start from the environment or from mounted files."""

from heartzone.settings.errors import SettingsError
from heartzone.settings.kafka import KafkaSettings
from heartzone.settings.schema_registry import SchemaRegistrySettings
from heartzone.settings.service import ServiceSettings, TopicSettings, load

__all__ = [
    "KafkaSettings",
    "SchemaRegistrySettings",
    "ServiceSettings",
    "SettingsError",
    "TopicSettings",
    "load",
]
