"""Checks of what a registry responds with: its client passes on whatever type a field has.

Each raises TypeError, which `RegistryClient.request` takes as what no registry responds with.
"""

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from confluent_kafka.schema_registry import RegisteredSchema

_T = TypeVar("_T")


def of_type(value: object, kind: type[_T], what: str) -> _T:
    """Return the value if it is of this type."""
    if type(value) is not kind:  # not isinstance, by which true is an int
        raise TypeError(f"{what} is {value!r}; a value of type {kind.__name__} was expected")
    return value


def list_of(response: object, kind: type[_T]) -> list[_T]:
    """Return a list if each of its items is of this type."""
    return [of_type(item, kind, "an item of the list") for item in of_type(response, list, "the response")]


def registered_version(found: "RegisteredSchema") -> "RegisteredSchema":
    """Return a version of a subject if it has its id, its number and its text."""
    of_type(found.schema_id, int, "id")
    of_type(found.version, int, "version")
    of_type(found.schema.schema_str, str, "schema")
    of_type(found.schema.schema_type, str, "schemaType")
    return found
