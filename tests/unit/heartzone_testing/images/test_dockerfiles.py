"""The Dockerfiles share their lower layers, as their comments say."""

import re
import tomllib
from collections.abc import Collection
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from heartzone_images.services import IMAGES, ROOT
from heartzone_images.services import dockerfile as dockerfile_of
from heartzone_release.sboms import left_out
from heartzone_testing.images.building import DEFAULT_BASE
from heartzone_testing.images.recipes import TEST_ONLY

FILES = [*map(dockerfile_of, IMAGES), TEST_ONLY / "probe" / "Dockerfile"]
MARK = "# ---- from here on"


def test_the_shared_stage_is_the_same_to_the_letter() -> None:
    """Else each image would get layers of its own, and a node would fetch and keep them once for each."""
    texts = [file.read_text() for file in FILES]
    assert all(text.count(MARK) == 1 for text in texts)
    shared = {text[text.index("ARG BASE_IMAGE=") : text.index(MARK)] for text in texts}
    assert len(shared) == 1


def test_the_default_base_is_the_same_everywhere() -> None:
    for file in (*FILES, *TEST_ONLY.glob("*/Dockerfile")):
        assert f"ARG BASE_IMAGE={DEFAULT_BASE}\n" in file.read_text()


@pytest.mark.parametrize("image", IMAGES)
def test_what_an_image_needs_of_the_workspace_is_copied_and_nothing_else(image: str) -> None:
    file = dockerfile_of(image)
    copied = {line.split()[1] for line in file.read_text().splitlines() if re.match(r"COPY (libs|services|cli)", line)}
    assert copied == needed(file.parent, without=left_out(image))


def needed(folder: Path, *, without: Collection[str]) -> set[str]:
    """The folders of a member and of every member that it depends on."""
    dependencies = tomllib.loads((folder / "pyproject.toml").read_text())["project"]["dependencies"]
    names = {Requirement(dependency).name for dependency in dependencies} - set(without)
    places = [ROOT / kind / name.removeprefix("heartzone-") for kind in ("libs", "services") for name in names]
    members = [place for place in places if place.is_dir()]
    return {str(folder.relative_to(ROOT))}.union(*(needed(each, without=without) for each in members))
