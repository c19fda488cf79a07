"""Options that several subcommands take, and their defaults."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from heartzone_cli.errors import CannotRunError

DEFINITIONS_DIR = Path("schemas/topics")

data_dir_option = click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    help="Where `up` keeps its data.  [default: the nearest .heartzone/]",
)


def json_option(text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Build `--json`, the parameter `machine`; `text` says what it prints."""
    return click.option("--json", "machine", is_flag=True, help=text)


def find_definitions(given: Path | None, flag: str) -> Path:
    """Return the folder or file with the EventTopics: the value of `flag`, or else the default.

    The default is `schemas/topics` in this folder or one above it, or else in the checkout that this package runs
    from. Raises CannotRunError when there is none.
    """
    if given is not None:
        return given
    here = Path.cwd()
    checkout = Path(__file__).resolve().parents[3]
    for root in (here, *here.parents, checkout):
        folder = root / DEFINITIONS_DIR
        if folder.is_dir():
            return folder
    raise CannotRunError(
        f"There is no {DEFINITIONS_DIR} in this folder or one above it; name the definitions with {flag}."
    )
