"""Environments and command lines of the project's programs."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path


def environment(**settings: str) -> dict[str, str]:
    """This process's environment without any HEARTZONE_ variable but these."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("HEARTZONE_")}
    return inherited | settings


def as_settings(side: str, properties: Mapping[str, str]) -> dict[str, str]:
    """A client's properties as variables of a service; `side` is KAFKA or SCHEMA_REGISTRY."""
    return {f"HEARTZONE_{side}_{name.upper().replace('.', '_')}": value for name, value in properties.items()}


def command(*arguments: str | Path) -> list[str]:
    """The command line of the `heartzone` command."""
    return [sys.executable, "-m", "heartzone_cli", *map(str, arguments)]
