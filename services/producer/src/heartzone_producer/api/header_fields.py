"""The header fields of a request by their names: read once, for all that ask for some of them."""

from collections.abc import Mapping
from typing import TypeAlias

from starlette.types import Scope

FIELDS = "header_fields"
"""The member of a request's scope that keeps them."""

HeaderFields: TypeAlias = Mapping[bytes, bytes]
"""Names are in lower case. A field that is given several times is one, with commas between (RFC 9110, 5.3)."""


def header_fields(scope: Scope) -> HeaderFields:
    """The header fields of a request."""
    fields: HeaderFields | None = scope.get(FIELDS)
    if fields is None:
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        fields = dict(headers)
        if len(fields) < len(headers):
            fields = _combined(headers)
        scope[FIELDS] = fields
    return fields


def _combined(headers: list[tuple[bytes, bytes]]) -> HeaderFields:
    values: dict[bytes, list[bytes]] = {}
    for name, value in headers:
        values.setdefault(name, []).append(value)
    return {name: b", ".join(each) for name, each in values.items()}
