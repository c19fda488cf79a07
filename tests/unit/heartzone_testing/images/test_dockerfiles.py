"""The three Dockerfiles share their lower layers, as their comments say."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from heartzone_images.services import ROOT, SERVICES
from heartzone_testing.images.building import DEFAULT_BASE
from heartzone_testing.images.recipes import TEST_ONLY

FILES = [*(ROOT / "services" / service / "Dockerfile" for service in SERVICES), TEST_ONLY / "probe" / "Dockerfile"]
MARK = "# ---- from here on"


def test_the_shared_stage_is_the_same_to_the_letter() -> None:
    """Else each image would get layers of its own, and a node would fetch and keep them three times."""
    texts = [file.read_text() for file in FILES]
    assert all(text.count(MARK) == 1 for text in texts)
    shared = {text[text.index("ARG BASE_IMAGE=") : text.index(MARK)] for text in texts}
    assert len(shared) == 1


def test_the_default_base_is_the_same_everywhere() -> None:
    for file in (*FILES, *TEST_ONLY.glob("*/Dockerfile")):
        assert f"ARG BASE_IMAGE={DEFAULT_BASE}\n" in file.read_text()


@pytest.mark.parametrize("service", SERVICES)
def test_what_a_service_needs_of_the_workspace_is_copied_and_nothing_else(service: str) -> None:
    copied = {
        line.split()[1] for line in dockerfile(service).splitlines() if re.match(r"COPY (libs|services|cli)/", line)
    }
    assert copied == needed(ROOT / "services" / service)


def dockerfile(service: str) -> str:
    return (ROOT / "services" / service / "Dockerfile").read_text()


def needed(folder: Path) -> set[str]:
    """The folders of a member and of every member that it depends on."""
    dependencies = tomllib.loads((folder / "pyproject.toml").read_text())["project"]["dependencies"]
    names = [Requirement(dependency).name.removeprefix("heartzone-") for dependency in dependencies]
    libraries = [ROOT / "libs" / name for name in names if (ROOT / "libs" / name).is_dir()]
    return {str(folder.relative_to(ROOT))}.union(*map(needed, libraries))
