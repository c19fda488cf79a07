"""Prometheus and promtool, as this machine has them."""

import shutil
from pathlib import Path


class PrometheusMissing(Exception):
    """The sentence says how to get it."""


def program(name: str) -> Path:
    """Where `prometheus` or `promtool` is."""
    found = shutil.which(name)
    if found is None:
        raise PrometheusMissing(
            f"{name} is not on PATH; it comes with Prometheus 2.42 or later"
            " (Debian and Ubuntu: apt install prometheus; macOS: brew install prometheus)"
        )
    return Path(found)
