"""An AOT cache that cannot be made is done without."""

import json
import logging
from pathlib import Path

import pytest

from embedded_kafka.distributions.progress import quiet
from embedded_kafka.errors import StartError
from embedded_kafka.jvm.aot_cache import Train, ensure_aot_cache
from embedded_kafka.jvm.program import JavaProgram


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A distribution of no files."""
    home = tmp_path / "caches" / "example-1.0"
    home.mkdir(parents=True)
    home.with_name(f"{home.name}.json").write_text(json.dumps({}))
    return home


def nothing_is_recorded(_: JavaProgram, directory: Path) -> None:
    assert directory.is_dir()
    assert not list(directory.iterdir())


def the_run_fails(_: JavaProgram, directory: Path) -> None:
    raise StartError(f"nothing runs in {directory}")


@pytest.mark.parametrize("train", [nothing_is_recorded, the_run_fails])
def test_a_failure_is_a_warning_and_no_cache(home: Path, caplog: pytest.LogCaptureFixture, train: Train) -> None:
    program = JavaProgram(("-cp", str(home)))

    with caplog.at_level(logging.WARNING):
        assert ensure_aot_cache(home, program, train, step="example 1.0", progress=quiet) is None

    assert caplog.messages == ["aot_cache_skipped"]
    assert sorted(path.name for path in home.parent.iterdir()) == [
        "example-1.0",
        "example-1.0.aot.lock",
        "example-1.0.json",
    ]
