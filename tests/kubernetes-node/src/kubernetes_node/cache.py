"""The folder of what is built and of what runs, kept for each user."""

from pathlib import Path

import platformdirs


def cache_folder(name: str) -> Path:
    """A folder of the user's cache, made when it is missing."""
    folder = platformdirs.user_cache_path("kubernetes-node") / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder
