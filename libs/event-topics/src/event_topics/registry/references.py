"""References of schemas to other subjects, as the registry's client has them, and the order that they ask for."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from event_topics.model.resource import SchemaReference, SchemaType
from event_topics.model.steps import RegisterSchema, SubjectAction
from event_topics.registry.responses import of_type

if TYPE_CHECKING:
    from confluent_kafka.schema_registry import Schema


def references_of(schema: "Schema") -> tuple[SchemaReference, ...]:
    """Return the references of a schema that the registry returned. Raises TypeError."""
    return tuple(
        SchemaReference(
            name=of_type(each.name, str, "name of a reference"),
            subject=of_type(each.subject, str, "subject of a reference"),
            version=of_type(each.version, int, "version of a reference"),
        )
        for each in schema.references or ()
    )


def schema_of(schema_type: SchemaType, text: str, references: Sequence[SchemaReference]) -> "Schema":
    """Return a schema as the registry's client takes it."""
    from confluent_kafka.schema_registry import Schema  # noqa: PLC0415 - as in RegistryClient
    from confluent_kafka.schema_registry import SchemaReference as Reference  # noqa: PLC0415

    return Schema(text, schema_type, [Reference(each.name, each.subject, each.version) for each in references])


def independent(by_subject: Mapping[str, Sequence[SubjectAction]]) -> list[str]:
    """Return the subjects whose schemas refer to none of the others; all, where each refers to another."""
    return [
        subject
        for subject, actions in by_subject.items()
        if not any(
            reference.subject != subject and reference.subject in by_subject
            for action in actions
            if isinstance(action, RegisterSchema)
            for reference in action.references
        )
    ] or list(by_subject)
