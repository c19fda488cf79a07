"""Lookups in a schema registry that speaks Confluent's API. Reads only: registering is a deployment's business."""

from service_chassis.schema_registry.client import RegisteredSchema, SchemaRegistry
from service_chassis.schema_registry.errors import (
    RegistryError,
    RegistryUnauthorizedError,
    RegistryUnavailableError,
    SchemaNotFoundError,
)

__all__ = [
    "RegisteredSchema",
    "RegistryError",
    "RegistryUnauthorizedError",
    "RegistryUnavailableError",
    "SchemaNotFoundError",
    "SchemaRegistry",
]
