"""The wheels of a release: what indexes show of them, and that they lead to no package of somebody else's."""

import zipfile
from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

from heartzone_release.wheels import RELEASED, build_wheels, project, version
from heartzone_testing.checkout import ROOT, TOPICS

NAMES = [project(folder)["name"] for folder in RELEASED]


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, zipfile.ZipFile]:
    """By the name of the distribution."""
    built = build_wheels(tmp_path_factory.mktemp("wheels"))
    return {parse_wheel_filename(each.name)[0]: zipfile.ZipFile(each) for each in built}


def metadata(wheel: zipfile.ZipFile) -> Message:
    (name,) = (each for each in wheel.namelist() if each.endswith(".dist-info/METADATA"))
    return message_from_bytes(wheel.read(name))


def test_there_is_one_of_each_library_and_service_and_of_the_command(wheels: dict[str, zipfile.ZipFile]) -> None:
    assert wheels.keys() == {canonicalize_name(name) for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_a_wheel_says_what_it_is(wheels: dict[str, zipfile.ZipFile], name: str) -> None:
    found = metadata(wheels[name])

    assert (found["Version"], found["License-Expression"]) == (version(), "Apache-2.0")
    assert {each.partition(",")[0] for each in found.get_all("Project-URL", [])} == {
        "Homepage",
        "Documentation",
        "Changelog",
        "Source",
    }
    classifiers = found.get_all("Classifier", [])
    assert "Typing :: Typed" in classifiers
    assert "Programming Language :: Python :: 3.11" in classifiers
    assert found.get_payload(), "its README"


@pytest.mark.parametrize("name", NAMES)
def test_a_wheel_has_its_license_and_its_types(wheels: dict[str, zipfile.ZipFile], name: str) -> None:
    files = wheels[name].namelist()
    (license_file,) = (each for each in files if each.endswith(".dist-info/licenses/LICENSE"))

    assert wheels[name].read(license_file) == (ROOT / "LICENSE").read_bytes()
    assert [each for each in files if each.endswith("/py.typed")]


def test_every_package_of_ours_has_a_name_that_is_plainly_ours() -> None:
    """`exactly-once` is somebody else's on the public index, and whoever installed our wheels got that instead."""
    assert [name for name in NAMES if name != "heartzone" and not name.startswith("heartzone-")] == []


def test_what_wheels_need_of_the_repository_is_among_them(wheels: dict[str, zipfile.ZipFile]) -> None:
    needed = {
        requirement.name
        for wheel in wheels.values()
        for requirement in _requirements(wheel)
        if requirement.name.startswith("heartzone")
    }

    assert needed
    assert needed <= set(NAMES)


def test_the_definitions_of_the_topics_come_along(wheels: dict[str, zipfile.ZipFile]) -> None:
    """With them, `heartzone up` works in an empty folder."""
    packed = {Path(each).name: wheels["heartzone"].read(each).decode() for each in wheels["heartzone"].namelist()}

    assert {path.name: packed.get(path.name) for path in TOPICS.iterdir()} == {
        path.name: path.read_text() for path in TOPICS.iterdir()
    }


def _requirements(wheel: zipfile.ZipFile) -> Iterator[Requirement]:
    yield from map(Requirement, metadata(wheel).get_all("Requires-Dist", []))
