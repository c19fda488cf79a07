"""Comparison of schemas apart from their layout, and validation before a registry stores them.

Checked here because not every registry does: Apicurio 3.3 stores `{"$schema": …, "type": "nonsense"}` unchecked, and
can then neither compare it with a next version nor accept one.
"""

import json
from typing import Any

from event_topics.model.resource import SchemaType

_DRAFT_07 = "http://json-schema.org/draft-07/schema"
_DRAFTS = frozenset(
    {
        "http://json-schema.org/draft-04/schema",
        "http://json-schema.org/draft-06/schema",
        _DRAFT_07,
        "https://json-schema.org/draft/2019-09/schema",
        "https://json-schema.org/draft/2020-12/schema",
    }
)
# Far beyond any schema that people write; recursive parsers fail somewhere in the thousands.
_MAX_DEPTH = 200


def canonical(schema_type: SchemaType, text: str) -> str:
    """Return a text that is equal for two schemas that differ only in layout, order of keys and naming the default.

    PROTOBUF, and what is not JSON, is compared as written. JSON Schemas that name no draft are of draft-07.
    """
    if schema_type == "PROTOBUF":
        return text
    try:
        schema = json.loads(text)
        if schema_type == "JSON" and isinstance(schema, dict):
            schema["$schema"] = str(schema.get("$schema", _DRAFT_07)).rstrip("#")
        return json.dumps(schema, sort_keys=True, separators=(",", ":"))
    except (ValueError, RecursionError):
        return text


def with_draft(schema_type: SchemaType, text: str) -> str | None:
    """Return a JSON Schema that names no draft as one that does; None for any other.

    Apicurio finds out what a schema is by its content: `{"enum": [1]}` is a JSON Schema to it only with `$schema`.
    """
    if schema_type != "JSON":
        return None
    try:
        schema = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(schema, dict) or "$schema" in schema:
        return None
    return json.dumps({"$schema": f"{_DRAFT_07}#", **schema}, indent=2, ensure_ascii=False)


def problem_of(schema_type: SchemaType, text: str) -> str | None:
    """Return why the text is not a valid schema, None when it is one.

    JSON and AVRO must be JSON; a JSON Schema must also follow its metaschema (draft-07 when it names none). No
    reference is fetched. AVRO, PROTOBUF and metaschemas other than JSON Schema's are validated by the registry.
    """
    if schema_type == "PROTOBUF":
        return None
    try:
        schema = json.loads(text)
    except RecursionError:
        return "is nested too deeply"
    except ValueError as error:
        return f"is not JSON: {error}"
    if _is_deep(schema):
        return "is nested too deeply"
    return _metaschema_problem(schema) if schema_type == "JSON" else None


def _is_deep(document: Any) -> bool:
    level = [document]
    for _ in range(_MAX_DEPTH):
        level = [
            child
            for each in level
            if isinstance(each, dict | list)
            for child in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return False
    return True


def _metaschema_problem(schema: Any) -> str | None:
    # Imported late: only applying schemas needs the validator.
    import jsonschema_rs  # noqa: PLC0415

    if isinstance(schema, dict):
        draft = schema.setdefault("$schema", _DRAFT_07)
        # The validator would fetch an unknown metaschema from the URL that the schema names.
        if not isinstance(draft, str) or draft.rstrip("#") not in _DRAFTS:
            return None
    try:
        jsonschema_rs.meta.validate(schema)
    except UnicodeEncodeError:
        return "has a lone surrogate such as \\ud800, which is half a character"
    except jsonschema_rs.ValidationError as error:
        place = "".join(f"/{part}" for part in error.instance_path)
        return f"is not a valid JSON Schema: {error.message}" + (f" at {place}" if place else "")
    return None
