"""An image is built again when something that goes into it has changed, and only then."""

from dataclasses import replace
from pathlib import Path

import pytest

from heartzone_images.engines import Build
from heartzone_testing.images.digests import digest_of

DOCKERFILE = "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nCOPY lock ./\nCOPY source target\nCOPY --from=java . /opt/java\n"


@pytest.fixture
def build(tmp_path: Path) -> Build:
    for folder in ("context/source/__pycache__", "java"):
        (tmp_path / folder).mkdir(parents=True)
    for file in ("context/lock", "context/source/module.py", "context/README.md", "java/java"):
        (tmp_path / file).write_text("as it was")
    dockerfile = tmp_path / "Dockerfile"
    dockerfile.write_text(DOCKERFILE)
    return Build(
        "name:tag",
        dockerfile,
        tmp_path / "context",
        arguments={"BASE_IMAGE": "debian", "REVISION": "1"},
        contexts={"java": tmp_path / "java"},
    )


@pytest.mark.parametrize("file", ["Dockerfile", "context/lock", "context/source/module.py", "java/java"])
def test_what_is_copied_counts(file: str, build: Build, tmp_path: Path) -> None:
    before = digest_of(build)
    (tmp_path / file).write_text(f"{DOCKERFILE}# changed")
    assert digest_of(build) != before


def test_a_file_that_is_new_or_executable_now_counts(build: Build, tmp_path: Path) -> None:
    before = digest_of(build)
    added = tmp_path / "context/source/added.py"
    added.write_text("")
    after = digest_of(build)
    added.chmod(0o755)
    assert len({before, after, digest_of(build)}) == 3


@pytest.mark.parametrize("file", ["context/README.md", "context/source/__pycache__/module.pyc"])
def test_what_is_not_copied_does_not_count(file: str, build: Build, tmp_path: Path) -> None:
    before = digest_of(build)
    (tmp_path / file).write_text("changed")
    assert digest_of(build) == before


def test_the_base_counts_but_not_which_commit_it_is(build: Build) -> None:
    before = digest_of(build)
    assert digest_of(replace(build, arguments={"BASE_IMAGE": "debian", "REVISION": "2"})) == before
    assert digest_of(replace(build, arguments={"BASE_IMAGE": "other", "REVISION": "1"})) != before
