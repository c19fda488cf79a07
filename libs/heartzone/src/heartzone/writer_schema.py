"""Which fields a writer's JSON Schema declares: what a reader may ignore without guessing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

# Keywords whose subschemas describe the same value.
_SAME_VALUE_LISTS = ("allOf", "anyOf", "oneOf")
_SAME_VALUE = ("if", "then", "else")


@dataclass(frozen=True, slots=True)
class DeclaredFields:
    """Names of the fields at the top level and in a reading."""

    biometrics: frozenset[str]
    heart_rate: frozenset[str]


def declared_fields(schema: Mapping[str, Any] | bool) -> DeclaredFields:
    """The fields that a schema of Biometrics declares, through local references and combinations.

    References to other documents declare nothing here: nobody can say what they hold without fetching them.

    Raises:
        ValueError: neither an object nor a boolean.
    """
    if not isinstance(schema, Mapping | bool):
        raise ValueError(f"a JSON Schema is an object or a boolean, not {type(schema).__name__}")
    top = list(_views(schema, schema))
    readings = [view for array in _property(top, "HeartRates", schema) for view in _items(array, schema)]
    return DeclaredFields(_names(top), _names(readings))


def _views(schema: Any, root: Any, seen: frozenset[int] = frozenset()) -> Iterator[Mapping[str, Any]]:
    """The schema itself and every other that it applies to the same value; each once, though references may circle."""
    if not isinstance(schema, Mapping) or id(schema) in seen:
        return
    seen |= {id(schema)}
    yield schema
    if isinstance(reference := schema.get("$ref"), str):
        yield from _views(_resolve(reference, root), root, seen)
    for keyword in _SAME_VALUE_LISTS:
        if isinstance(members := schema.get(keyword), list):
            for member in members:
                yield from _views(member, root, seen)
    for keyword in _SAME_VALUE:
        yield from _views(schema.get(keyword), root, seen)


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


def _property(views: list[Mapping[str, Any]], name: str, root: Any) -> Iterator[Mapping[str, Any]]:
    for view in views:
        yield from _views(_properties(view).get(name), root)


def _items(array: Mapping[str, Any], root: Any) -> Iterator[Mapping[str, Any]]:
    items = array.get("items")
    for item in [*(items if isinstance(items, list) else [items]), array.get("additionalItems")]:
        yield from _views(item, root)


def _names(views: list[Mapping[str, Any]]) -> frozenset[str]:
    return frozenset(name for view in views for name in _properties(view))
