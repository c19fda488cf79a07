"""The data directory: made, recognised, emptied on request, and never anybody else's."""

from pathlib import Path

import pytest

from heartzone_cli.up.data_dir import MARKER, hold, refuse_held
from heartzone_cli.up.refusal import CannotStart


def fill(path: Path) -> None:
    for name in ("kafka", "registry", "logs"):
        (path / name).mkdir()
        (path / name / "file").write_text(name)
    (path / "endpoints.json").write_text("{}")


def test_a_new_one_is_made_with_its_parents_and_kept_out_of_version_control(tmp_path: Path) -> None:
    with hold(tmp_path / "a" / "b", fresh=False) as data_dir:
        assert data_dir.kafka.parent == data_dir.registry.parent == data_dir.logs.parent == tmp_path / "a" / "b"

    assert (tmp_path / "a" / "b" / ".gitignore").read_text() == "*\n"


def test_an_empty_folder_becomes_one(tmp_path: Path) -> None:
    with hold(tmp_path, fresh=True):
        assert (tmp_path / MARKER).exists()


def test_data_stay_and_the_endpoints_of_a_killed_up_go(tmp_path: Path) -> None:
    with hold(tmp_path, fresh=False):
        fill(tmp_path)

    with hold(tmp_path, fresh=False):
        assert (tmp_path / "kafka" / "file").exists()
        assert not (tmp_path / "endpoints.json").exists()


def test_fresh_deletes_what_is_ours_and_nothing_else(tmp_path: Path) -> None:
    with hold(tmp_path, fresh=False):
        fill(tmp_path)
    (tmp_path / "notes.txt").write_text("mine")

    with hold(tmp_path, fresh=True):
        assert {path.name for path in tmp_path.iterdir()} == {MARKER, ".gitignore", "up.lock", "notes.txt"}


def test_a_link_is_taken_away_and_what_it_points_at_stays(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "file").write_text("")
    with hold(tmp_path / "data", fresh=False):
        (tmp_path / "data" / "kafka").symlink_to(tmp_path / "elsewhere")

    with hold(tmp_path / "data", fresh=True):
        assert not (tmp_path / "data" / "kafka").exists()

    assert (tmp_path / "elsewhere" / "file").exists()


def test_what_an_interrupted_fresh_start_left_is_deleted_by_the_next_start(tmp_path: Path) -> None:
    with hold(tmp_path, fresh=False):
        (tmp_path / "deleted" / "kafka").mkdir(parents=True)

    with hold(tmp_path, fresh=False):
        assert not (tmp_path / "deleted").exists()


@pytest.mark.parametrize("fresh", [False, True])
def test_a_folder_with_something_else_is_refused_and_left_as_it_is(tmp_path: Path, fresh: bool) -> None:
    fill(tmp_path)
    before = sorted(tmp_path.rglob("*"))

    with pytest.raises(CannotStart, match=r"--data-dir\.$"), hold(tmp_path, fresh=fresh):
        pass

    assert sorted(tmp_path.rglob("*")) == before


def test_it_is_held_by_one_at_a_time(tmp_path: Path) -> None:
    with hold(tmp_path, fresh=False):
        fill(tmp_path)
        with pytest.raises(CannotStart, match="runs on"), hold(tmp_path, fresh=True):
            pass
        assert (tmp_path / "kafka" / "file").exists()
        assert (tmp_path / "endpoints.json").exists()

    with hold(tmp_path, fresh=False):
        pass


def test_whether_another_holds_it_can_be_asked_without_a_trace(tmp_path: Path) -> None:
    refuse_held(tmp_path / "new")
    assert list(tmp_path.iterdir()) == []

    with hold(tmp_path, fresh=False), pytest.raises(CannotStart, match="runs on"):
        refuse_held(tmp_path)

    refuse_held(tmp_path)
    with hold(tmp_path, fresh=False):
        pass


def test_a_place_that_cannot_be_made_is_named_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(CannotStart, match="Not a directory"), hold(tmp_path / "file" / "data", fresh=False):
        pass
