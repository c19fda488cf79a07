"""Reader of values.yaml: each value with its default, its description, and its type where the default does not show it.

A value has a comment above it that begins with ``# --``, as helm-docs reads them, and may have a line ``# @schema``
with a YAML mapping: parts of its JSON Schema. What has no such comment is a section of further values.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml


class UndocumentedValueError(Exception):
    """A value without a comment, or a comment that cannot be read; the message names it."""


@dataclass(frozen=True, slots=True)
class Value:
    """One that people set."""

    path: str
    default: Any
    meaning: str
    schema: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Section:
    """A mapping of values and sections by name; `path` is empty for the whole file."""

    path: str
    members: Mapping[str, "Value | Section"]

    def values(self) -> Iterator[Value]:
        """Every value in it, in the order of the file."""
        for member in self.members.values():
            if isinstance(member, Value):
                yield member
            else:
                yield from member.values()


def read_values(text: str) -> Section:
    """Raises UndocumentedValueError."""
    root = yaml.compose(text)
    assert isinstance(root, yaml.MappingNode)
    return _section("", root, text.splitlines())


def _section(path: str, node: yaml.MappingNode, lines: list[str]) -> Section:
    members: dict[str, Value | Section] = {}
    for key, value in node.value:
        inner = f"{path}.{key.value}" if path else key.value
        comment = _comment_above(key.start_mark.line, lines)
        if any(line.startswith("-- ") for line in comment):
            members[key.value] = _value(inner, value, comment)
        elif isinstance(value, yaml.MappingNode) and value.value:
            members[key.value] = _section(inner, value, lines)
        else:
            raise UndocumentedValueError(f"{inner} has no comment that begins with `# --`")
    return Section(path, members)


def _comment_above(line: int, lines: list[str]) -> list[str]:
    comment: list[str] = []
    while line > 0 and lines[line - 1].lstrip().startswith("#"):
        line -= 1
        comment.insert(0, lines[line].lstrip().removeprefix("#").strip())
    return comment


def _value(path: str, node: yaml.Node, comment: list[str]) -> Value:
    meaning: list[str] = []
    schema: dict[str, Any] = {}
    for line in comment:
        if line.startswith("@schema "):
            try:
                schema |= yaml.safe_load(line.removeprefix("@schema "))
            except (TypeError, yaml.YAMLError) as error:
                raise UndocumentedValueError(f"{path}: its @schema is no YAML mapping on one line: {error}") from error
        elif not schema:
            meaning.append(line.removeprefix("-- "))
    return Value(path, yaml.SafeLoader("").construct_document(node), " ".join(meaning), schema)
