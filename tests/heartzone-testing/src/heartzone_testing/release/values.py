"""Values of the chart, put together from what tests say."""

from collections.abc import Mapping
from typing import Any


def merged(values: Mapping[str, Any], *changes: Mapping[str, Any]) -> dict[str, Any]:
    """The values with changes, which win, as Helm merges its files: mappings key by key, all else as a whole."""
    result = dict(values)
    for change in changes:
        for name, value in change.items():
            both = isinstance(value, Mapping) and isinstance(result.get(name), Mapping)
            result[name] = merged(result[name], value) if both else value
    return result
