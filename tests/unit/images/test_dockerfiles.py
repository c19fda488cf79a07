"""What the Dockerfiles promise each other in their comments."""

import tomllib

from heartzone_images.services import ROOT, SERVICES
from images.building import DEFAULT_BASE
from images.recipes import TEST_ONLY

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


def test_every_member_of_the_workspace_is_there_for_the_lock_to_be_checked_against() -> None:
    patterns = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["uv"]["workspace"]["members"]
    members = {
        folder.relative_to(ROOT)
        for pattern in patterns
        for folder in ROOT.glob(pattern)
        if (folder / "pyproject.toml").exists()
    }
    lines = FILES[0].read_text().splitlines()
    assert {f"COPY {member}/pyproject.toml {member}/" for member in members} <= set(lines)
