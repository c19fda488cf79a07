"""The three services' images: their names, and the labels that say which source they are of."""

import subprocess
import tomllib
from collections.abc import Mapping
from pathlib import Path

from heartzone_images.engines import Build

ROOT = Path(__file__).resolve().parents[3]
SERVICES = ("producer", "zone-worker", "operator")


def service_build(service: str, tag: str, *, bases: Mapping[str, str], secrets: Mapping[str, Path]) -> Build:
    """The build of one service's image, `heartzone-<service>:<tag>`; `bases` are its arguments for base images."""
    folder = ROOT / "services" / service
    return Build(
        reference=f"heartzone-{service}:{tag}",
        dockerfile=folder / "Dockerfile",
        context=ROOT,
        arguments={**bases, "VERSION": _version(folder), **_provenance()},
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
