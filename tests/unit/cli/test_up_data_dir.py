"""The data directory: made, verified, emptied on request, and never a folder with other content."""

from pathlib import Path

import pytest

from heartzone_cli.errors import CannotRunError
from heartzone_cli.up.data_dir import MARKER, check_unlocked, locked


def fill(path: Path) -> None:
    for name in ("kafka", "registry", "logs"):
        (path / name).mkdir()
        (path / name / "file").write_text(name)
    (path / "endpoints.json").write_text("{}")


def test_a_new_one_is_made_with_its_parents_and_kept_out_of_version_control(tmp_path: Path) -> None:
    with locked(tmp_path / "a" / "b", fresh=False) as data_dir:
        assert data_dir.kafka.parent == data_dir.registry.parent == data_dir.logs.parent == tmp_path / "a" / "b"

    assert (tmp_path / "a" / "b" / ".gitignore").read_text() == "*\n"


def test_an_empty_folder_becomes_one(tmp_path: Path) -> None:
    with locked(tmp_path, fresh=True):
        assert (tmp_path / MARKER).exists()


def test_data_are_kept_and_the_endpoints_of_a_killed_up_are_removed(tmp_path: Path) -> None:
    with locked(tmp_path, fresh=False):
        fill(tmp_path)

    with locked(tmp_path, fresh=False):
        assert (tmp_path / "kafka" / "file").exists()
        assert not (tmp_path / "endpoints.json").exists()


def test_fresh_deletes_data_of_up_and_nothing_else(tmp_path: Path) -> None:
    with locked(tmp_path, fresh=False):
        fill(tmp_path)
    (tmp_path / "notes.txt").write_text("mine")

    with locked(tmp_path, fresh=True):
        assert {path.name for path in tmp_path.iterdir()} == {MARKER, ".gitignore", "up.lock", "notes.txt"}


def test_a_link_is_deleted_and_its_target_is_kept(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "file").write_text("")
    with locked(tmp_path / "data", fresh=False):
        (tmp_path / "data" / "kafka").symlink_to(tmp_path / "elsewhere")

    with locked(tmp_path / "data", fresh=True):
        assert not (tmp_path / "data" / "kafka").exists()

    assert (tmp_path / "elsewhere" / "file").exists()


def test_the_rest_of_an_interrupted_deletion_is_deleted_by_the_next_start(tmp_path: Path) -> None:
    with locked(tmp_path, fresh=False):
        (tmp_path / "deleted" / "kafka").mkdir(parents=True)

    with locked(tmp_path, fresh=False):
        assert not (tmp_path / "deleted").exists()


@pytest.mark.parametrize("fresh", [False, True])
def test_a_folder_with_other_content_is_an_error_and_left_unchanged(tmp_path: Path, fresh: bool) -> None:
    fill(tmp_path)
    before = sorted(tmp_path.rglob("*"))

    with pytest.raises(CannotRunError, match=r"--data-dir\.$"), locked(tmp_path, fresh=fresh):
        pass

    assert sorted(tmp_path.rglob("*")) == before


def test_it_is_locked_by_one_at_a_time(tmp_path: Path) -> None:
    with locked(tmp_path, fresh=False):
        fill(tmp_path)
        with pytest.raises(CannotRunError, match="runs on"), locked(tmp_path, fresh=True):
            pass
        assert (tmp_path / "kafka" / "file").exists()
        assert (tmp_path / "endpoints.json").exists()

    with locked(tmp_path, fresh=False):
        pass


def test_the_lock_of_another_is_detected_without_a_trace(tmp_path: Path) -> None:
    check_unlocked(tmp_path / "new")
    assert list(tmp_path.iterdir()) == []

    with locked(tmp_path, fresh=False), pytest.raises(CannotRunError, match="runs on"):
        check_unlocked(tmp_path)

    check_unlocked(tmp_path)
    with locked(tmp_path, fresh=False):
        pass


def test_a_folder_that_cannot_be_created_is_reported_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(CannotRunError, match="Not a directory"), locked(tmp_path / "file" / "data", fresh=False):
        pass
