"""What a schema's text says, apart from how it is laid out; and whether it is a schema at all.

Checked here because not every registry does: Apicurio 3.3 stores `{"$schema": …, "type": "nonsense"}` as it comes, and
can then neither compare it with a successor nor accept one.
"""

import json
from typing import Any

from event_topics.resource import SchemaType


def canonical(schema_type: SchemaType, text: str) -> str:
    """Return a text that is equal for two schemas that differ only in layout and order of keys.

    PROTOBUF, and what is not JSON, is compared as written.
    """
    if schema_type == "PROTOBUF":
        return text
    try:
        return json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"))
    except (ValueError, RecursionError):
        return text


def problem_of(schema_type: SchemaType, text: str) -> str | None:
    """Say what makes the text unfit as a schema, None when nothing does.

    JSON and AVRO must be JSON; a JSON Schema must also follow its metaschema (draft-07 when it names none). `$ref` is
    not followed. AVRO and PROTOBUF are for the registry to judge.
    """
    if schema_type == "PROTOBUF":
        return None
    try:
        schema = json.loads(text)
    except RecursionError:
        return "is nested too deeply"
    except ValueError as error:
        return f"is not JSON: {error}"
    return _metaschema_problem(schema) if schema_type == "JSON" else None


def _metaschema_problem(schema: Any) -> str | None:
    # Imported late: only who applies schemas pays for the validator.
    from jsonschema import Draft7Validator, SchemaError  # noqa: PLC0415
    from jsonschema.validators import validator_for  # noqa: PLC0415

    if isinstance(schema, bool):  # draft-06 and later: everything, or nothing
        return None
    if not isinstance(schema, dict):
        return "is not a JSON Schema: it must be an object"
    try:
        validator_for(schema, default=Draft7Validator).check_schema(schema)
    except SchemaError as error:
        return f"is not a valid JSON Schema: {error.message} at {error.json_path}"
    except RecursionError:
        return "is nested too deeply"
    return None
