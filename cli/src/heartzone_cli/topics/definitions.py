"""Where the EventTopics are when nobody says: one source of truth, the `schemas/topics` of the checkout."""

from pathlib import Path

FOLDER = Path("schemas/topics")


def default_folder() -> Path | None:
    """Return `schemas/topics` here or in a folder above, else that of the checkout this package runs from; or None."""
    here = Path.cwd()
    checkout = Path(__file__).resolve().parents[4]
    for root in (here, *here.parents, checkout):
        folder = root / FOLDER
        if folder.is_dir():
            return folder
    return None
