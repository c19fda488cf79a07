"""The check that a registered schema accepts what a service writes, before the first record is written."""

import json
from collections.abc import Iterable
from typing import NoReturn

import jsonschema_rs

from service_chassis.schema_registry.client import RegisteredSchema


def incompatibility(registered: RegisteredSchema, samples: Iterable[bytes]) -> str | None:
    """Say why the schema does not accept one of the encoded messages, or return None when it accepts all.

    References to other documents are never followed: a schema comes from a registry, and must not make a service send
    requests to addresses of somebody else's choice.
    """
    name = f"{registered.subject} version {registered.version}"
    try:
        validator = jsonschema_rs.validator_for(
            json.loads(registered.schema), validate_formats=True, retriever=_fetch_nothing
        )
        for sample in samples:
            problem = next(validator.iter_errors(json.loads(sample)), None)
            if problem is not None:
                return f"{name} does not accept {sample.decode()}: {problem.message}"
    except (KeyboardInterrupt, SystemExit):
        raise
    # Whatever a schema of somebody else's makes of the validator; a panic of Rust is no Exception.
    except BaseException as error:
        # The validator writes a paragraph; its first line says what is wrong.
        return f"{name} is not a JSON Schema that can be used here: {str(error).partition(chr(10))[0]}"
    return None


def _fetch_nothing(uri: str) -> NoReturn:
    raise ValueError(f"it refers to another document, {uri}")
