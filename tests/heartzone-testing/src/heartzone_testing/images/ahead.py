"""Archives in one folder, built while there is a network and before a test's time limit runs."""

from collections.abc import Iterable
from pathlib import Path

from heartzone_testing.images.building import Say, build


def build_into(folder: Path, names: Iterable[str], say: Say) -> None:
    """Have `<name>.tar` of each image in the folder, on the cache's file system; what is there already is kept.

    Raises NoEngineError, NoLocalBaseError, BuildError.
    """
    for name in names:
        link = folder / f"{name}.tar"
        if not link.exists():
            link.hardlink_to(build(name, say))  # a run with other sources may remove the archive
