"""What every test needs that starts a program of the project: its command line, its environment, a free port."""

import os
import socket
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]


def environment(**settings: str) -> dict[str, str]:
    """This process's environment without any HEARTZONE_ variable but these."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("HEARTZONE_")}
    return inherited | settings


def command(*arguments: str | Path) -> list[str]:
    """The command line of the `heartzone` command."""
    return [sys.executable, "-m", "heartzone_cli", *map(str, arguments)]


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
