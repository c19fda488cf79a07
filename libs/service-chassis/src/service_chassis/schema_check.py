"""Whether a registered schema accepts what a service writes: looked at before the first record, not after the last."""

import json
from collections.abc import Iterable
from typing import NoReturn

import jsonschema_rs

from service_chassis.schema_registry import RegisteredSchema


def refusal(registered: RegisteredSchema, samples: Iterable[bytes]) -> str | None:
    """Why the schema refuses one of the encoded messages, with its subject and version, or None when it accepts all.

    References to other documents are never followed: a schema comes from a registry, and must not make a service ask
    addresses of somebody else's choice.
    """
    name = f"{registered.subject} version {registered.version}"
    try:
        validator = jsonschema_rs.validator_for(
            json.loads(registered.schema), validate_formats=True, retriever=_fetch_nothing
        )
    except (ValueError, RecursionError) as error:
        # The validator writes a paragraph; its first line says what is wrong.
        return f"{name} is not a JSON Schema that can be used here: {str(error).partition(chr(10))[0]}"
    for sample in samples:
        problem = next(validator.iter_errors(json.loads(sample)), None)
        if problem is not None:
            return f"{name} refuses {sample.decode()}: {problem.message}"
    return None


def _fetch_nothing(uri: str) -> NoReturn:
    raise ValueError(f"it refers to another document, {uri}")
