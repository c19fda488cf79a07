"""The images: those of the services and of the command, and the labels that say which source they are of."""

import subprocess
import tomllib
from collections.abc import Mapping
from pathlib import Path

from heartzone_images.engines import Build

ROOT = Path(__file__).resolve().parents[3]
SERVICES = ("producer", "zone-worker", "operator")
IMAGES = (*SERVICES, "cli")


def dockerfile(image: str) -> Path:
    """The Dockerfile of one of `IMAGES`, which is in the folder of its package."""
    return (ROOT / "services" / image if image in SERVICES else ROOT / image) / "Dockerfile"


def image_build(image: str, tag: str, *, bases: Mapping[str, str], secrets: Mapping[str, Path]) -> Build:
    """The build of one image, `heartzone-<image>:<tag>`; `bases` are its arguments for base images."""
    file = dockerfile(image)
    return Build(
        reference=f"heartzone-{image}:{tag}",
        dockerfile=file,
        context=ROOT,
        arguments={**bases, "VERSION": _version(file.parent), **_provenance()},
        secrets=secrets,
    )


def _version(folder: Path) -> str:
    version: str = tomllib.loads((folder / "pyproject.toml").read_text())["project"]["version"]
    return version


def _provenance() -> dict[str, str]:
    """REVISION and SOURCE as far as git knows them: in an unpacked archive it knows neither."""
    revision = _git("describe", "--always", "--exclude=*", "--dirty", "--abbrev=40")
    origin = _git("remote", "get-url", "origin")
    stated = {"REVISION": revision, "SOURCE": origin if origin.startswith("https://") else ""}
    return {name: value for name, value in stated.items() if value}


def _git(*arguments: str) -> str:
    try:
        completed = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S607
    except FileNotFoundError:
        return ""
    return completed.stdout.strip()
