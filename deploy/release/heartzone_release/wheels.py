"""The wheels: all libraries, the services, and the command that runs them on a laptop."""

import tomllib
from pathlib import Path
from typing import Any

from heartzone_images.services import ROOT
from heartzone_release.running import ReleaseError, run

RELEASED = (*sorted((ROOT / "libs").iterdir()), *sorted((ROOT / "services").iterdir()), ROOT / "cli")
"""The folders of the packages that people install; those of deploy and tests are for a checkout."""


def project(folder: Path) -> dict[str, Any]:
    """The table `project` of a package."""
    table: dict[str, Any] = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return table


def version() -> str:
    """The version that all of them have. Raises ReleaseError."""
    versions = {folder: project(folder)["version"] for folder in RELEASED}
    if len(set(versions.values())) != 1:
        stated = ", ".join(f"{folder.name} {each}" for folder, each in versions.items())
        raise ReleaseError(f"All packages of a release have one version; there are {stated}.")
    found: str = versions[RELEASED[0]]
    return found


def build_wheels(target: Path) -> list[Path]:
    """Build them into a folder and return their files. Raises ReleaseError."""
    for folder in RELEASED:
        run(["uv", "build", "--quiet", "--wheel", f"--out-dir={target}", folder])
    return sorted(target.glob(f"*-{version()}-*.whl"))


def publish_wheels(wheels: list[Path], index: str) -> None:
    """Upload them to a package index; UV_PUBLISH_TOKEN is its token. Raises ReleaseError."""
    run(["uv", "publish", f"--publish-url={index}", *wheels])
