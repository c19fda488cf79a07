"""The chart's README: its prose from a template, its tables from values.yaml."""

import json
from pathlib import Path
from typing import Any

from heartzone_chart.values_file import Section, Value

TEMPLATE = Path(__file__).with_name("readme.md")
MARK = "<!-- values -->\n"


def readme(values: Section) -> str:
    """The file's text."""
    template = TEMPLATE.read_text(encoding="utf-8")
    assert MARK in template
    return template.replace(MARK, "\n".join(_tables(values)))


def _tables(values: Section) -> list[str]:
    common = [member for member in values.members.values() if isinstance(member, Value)]
    lines = _table("Every object", common)
    for name, member in values.members.items():
        if isinstance(member, Section):
            lines += _table(f"`{name}`", list(member.values()))
    return lines


def _table(title: str, values: list[Value]) -> list[str]:
    rows = [f"| `{value.path}` | {_default(value.default)} | {_cell(value.meaning)} |" for value in values]
    return [f"### {title}", "", "| value | default | meaning |", "|---|---|---|", *rows, ""]


def _default(default: Any) -> str:
    return f"`{_cell(json.dumps(default))}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
