"""The bodies that clients write: the models of the messages, in either casing."""

from collections.abc import Callable
from typing import Any, get_type_hints

from msgspec import Struct, defstruct

from heartzone.structure import item_models


def camel_case(name: str) -> str:
    """The name of a field in a body, by its PascalCase name in a message."""
    return name[0].lower() + name[1:]


def pascal_case(name: str) -> str:
    """The name of a field in a message, by its camelCase name in a body."""
    return name[0].upper() + name[1:]


def body_model(message: type[Struct], casing: Callable[[str], str] = str) -> type[Any]:
    """The model of a message as clients write it, by default in PascalCase; its values may be replaced."""
    types = get_type_hints(message, include_extras=True)
    for field, model in item_models(message).items():
        types[field] = list[body_model(model, casing)]  # type: ignore[misc]
    return defstruct(
        message.__name__,
        [(field, types[field]) for field in message.__struct_fields__],
        namespace={"__doc__": message.__doc__},
        rename={
            field: casing(name)
            for field, name in zip(message.__struct_fields__, message.__struct_encode_fields__, strict=True)
        },
        forbid_unknown_fields=True,
        gc=False,
    )
