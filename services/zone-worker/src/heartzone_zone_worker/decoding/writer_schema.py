"""The fields that a writer's JSON Schema declares: what a reader may ignore without guessing."""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote

from msgspec import Struct

from heartzone.structure import item_models

# Keywords whose subschemas describe the same value.
_SAME_VALUE_LISTS = ("allOf", "anyOf", "oneOf")
_SAME_VALUE = ("if", "then", "else")


def undeclared_fields(schema: Mapping[str, Any] | bool, message: type[Struct]) -> dict[type[Struct], frozenset[str]]:
    """The fields that a schema declares beside those of our models, by the model: of a message and of its items.

    Through local references and combinations. References to other documents declare nothing here: nobody can say what
    they hold without fetching them.

    Raises:
        ValueError: the schema is neither an object nor a boolean.
    """
    if not isinstance(schema, Mapping | bool):
        raise ValueError(f"a JSON Schema is an object or a boolean, not {type(schema).__name__}")
    return _undeclared(_views([schema], schema), message, schema)


def _undeclared(views: list[Mapping[str, Any]], message: type[Struct], root: Any) -> dict[type[Struct], frozenset[str]]:
    undeclared = {message: _names(views) - frozenset(message.__struct_encode_fields__)}
    wire_names = dict(zip(message.__struct_fields__, message.__struct_encode_fields__, strict=True))
    for field, model in item_models(message).items():
        arrays = _views((_properties(view).get(wire_names[field]) for view in views), root)
        items = _views((item for array in arrays for item in _items(array)), root)
        undeclared.update(_undeclared(items, model, root))
    return undeclared


def _views(schemas: Iterable[Any], root: Any) -> list[Mapping[str, Any]]:
    """These schemas and every other that they apply to the same value.

    Each once, whichever ways lead to it: references may circle, and the ways through those that share targets double
    with each level. Without recursion, because a schema may be deeper than Python's stack.
    """
    views: dict[int, Mapping[str, Any]] = {}
    waiting = list(schemas)
    while waiting:
        schema = waiting.pop()
        if not isinstance(schema, Mapping) or id(schema) in views:
            continue
        views[id(schema)] = schema
        if isinstance(reference := schema.get("$ref"), str):
            waiting.append(_resolve(reference, root))
        for keyword in _SAME_VALUE_LISTS:
            if isinstance(members := schema.get(keyword), list):
                waiting += members
        waiting += [schema.get(keyword) for keyword in _SAME_VALUE]
    return list(views.values())


def _resolve(reference: str, root: Any) -> Any:
    """The target of a JSON Pointer fragment (RFC 6901), or None."""
    if not reference.startswith("#"):
        return None
    found = root
    for token in unquote(reference[1:]).split("/")[1:]:
        name = token.replace("~1", "/").replace("~0", "~")
        if isinstance(found, Mapping):
            found = found.get(name)
        elif isinstance(found, list) and name.isdecimal() and int(name) < len(found):
            found = found[int(name)]
        else:
            return None
    return found


def _properties(view: Mapping[str, Any]) -> Mapping[str, Any]:
    properties = view.get("properties")
    return properties if isinstance(properties, Mapping) else {}


def _items(array: Mapping[str, Any]) -> list[Any]:
    items = array.get("items")
    return [*(items if isinstance(items, list) else [items]), array.get("additionalItems")]


def _names(views: list[Mapping[str, Any]]) -> frozenset[str]:
    return frozenset(name for view in views for name in _properties(view))
