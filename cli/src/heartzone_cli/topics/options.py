"""Options that several of the `heartzone topics` commands take."""

from pathlib import Path

import click

data_dir_option = click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    help="Where `up` keeps its data.  [default: the nearest .heartzone/]",
)
