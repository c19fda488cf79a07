"""Messages at the extremes of their model, to ask whether a registered schema accepts all that a service writes."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from types import MappingProxyType
from typing import Any, TypeVar

from msgspec import Struct, inspect

Message = TypeVar("Message", bound=Struct)


def samples(
    message: type[Message],
    texts: Mapping[str, Sequence[str]],
    narrowed: Mapping[str, Sequence[Any]] = MappingProxyType({}),
) -> Iterator[Message]:
    """Every combination of the extremes of each field: both bounds of a number, an empty array and a full one.

    Args:
        message: the model.
        texts: the extremes of texts, by their format.
        narrowed: what a service writes of a field, by the field's name, where that is less than the model allows.
    """
    return _objects(inspect.type_info(message), texts, narrowed)


def _objects(
    kind: inspect.Type, texts: Mapping[str, Sequence[str]], narrowed: Mapping[str, Sequence[Any]]
) -> Iterator[Any]:
    assert isinstance(kind, inspect.StructType)
    extremes = [narrowed.get(field.name) or _extremes(field.type, texts) for field in kind.fields]
    return (kind.cls(*values) for values in product(*extremes))


def _extremes(kind: inspect.Type, texts: Mapping[str, Sequence[str]], form: str = "") -> Sequence[Any]:
    match kind:
        case inspect.Metadata(type=bare):
            return _extremes(bare, texts, (kind.extra_json_schema or {}).get("format", ""))
        case inspect.IntType(ge=least, le=most):
            return [least, most]
        case inspect.ListType(item_type=item):
            return [[], list(_objects(item, texts, {}))]
        case _:
            return texts[form]
