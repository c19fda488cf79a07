"""The structure of messages: which models they consist of, and how one is made from another of the same structure."""

from collections.abc import Callable
from typing import Any, TypeVar

from msgspec import Struct, inspect

Message = TypeVar("Message", bound=Struct)


def item_models(message: type[Struct]) -> dict[str, type[Struct]]:
    """The models of the objects in a message's arrays, by the field that holds the array."""
    kind = inspect.type_info(message)
    assert isinstance(kind, inspect.StructType)
    return {
        field.name: item.cls
        for field in kind.fields
        if isinstance(field.type, inspect.ListType) and isinstance(item := field.type.item_type, inspect.StructType)
    }


def converter(message: type[Message]) -> Callable[[Any], Message]:
    """Make messages of a model from objects that have its fields, and maybe more; values are not checked.

    Written out for the model and compiled, as dataclasses do it: a loop over the fields takes twice as long.
    """
    models: dict[str, Any] = {}

    def construction(model: type[Struct], name: str) -> str:
        variable = f"{model.__name__}_"
        models[variable] = model
        items = item_models(model)
        arguments = [
            f"[{construction(items[field], 'item')} for item in {name}.{field}]"
            if field in items
            else f"{name}.{field}"
            for field in model.__struct_fields__
        ]
        return f"{variable}({', '.join(arguments)})"

    convert: Callable[[Any], Message] = eval(f"lambda message: {construction(message, 'message')}", models)  # noqa: S307 names of our models
    return convert
