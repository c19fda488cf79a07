"""Options that several subcommands take, and their defaults."""

from collections.abc import Callable
from math import isfinite
from pathlib import Path
from typing import Any

import click

DEFINITIONS_DIR = Path("schemas/topics")

data_dir_option = click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    help="Where `up` keeps its data.  [default: the nearest .heartzone/]",
)


class Number(click.FloatRange):
    """A number in a range: neither `inf` nor `nan`, which pass any range that has no end."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return it."""
        number = float(super().convert(value, param, ctx))
        if not isfinite(number):
            self.fail(f"{value!r} is not a finite number; such as 2.5 would be right.", param, ctx)
        return number


def json_option(text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Build `--json`, the parameter `machine`; `text` says what it prints."""
    return click.option("--json", "machine", is_flag=True, help=text)


def find_definitions(given: Path | None) -> Path:
    """Return the folder or file with the EventTopics: the one that is given, or else the default.

    The default is `schemas/topics` in this folder or one above it, or else what the package of the messages has.
    """
    if given is not None:
        return given
    here = Path.cwd()
    for root in (here, *here.parents):
        folder = root / DEFINITIONS_DIR
        if folder.is_dir():
            return folder
    # The package of the messages imports libraries that `--help` would wait for.
    from heartzone.definitions import DEFINITIONS  # noqa: PLC0415

    return DEFINITIONS
