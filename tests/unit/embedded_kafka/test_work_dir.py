"""Data and logs go to the directory of the caller, or to a temporary one."""

from pathlib import Path

import pytest

from embedded_kafka.processes.work_dir import WorkDir


@pytest.mark.parametrize("kind", [str, Path])
def test_directories_may_be_text_or_paths(tmp_path: Path, kind: type[str] | type[Path]) -> None:
    work_dir = WorkDir(kind(tmp_path / "data"), kind(tmp_path / "logs"), prefix="test-")
    work_dir.close(keep=False)

    assert (work_dir.path, work_dir.log_dir) == (tmp_path / "data", tmp_path / "logs")
    assert work_dir.path.is_dir()


def test_a_temporary_directory_goes_when_it_is_closed() -> None:
    work_dir = WorkDir(None, None, prefix="test-")
    work_dir.close(keep=False)

    assert not work_dir.path.exists()


def test_temporary_files_go_when_it_is_closed_and_when_it_is_opened_after_a_kill(tmp_path: Path) -> None:
    killed = WorkDir(tmp_path, None, prefix="test-")
    (killed.temporary_files / "left").touch()
    killed.close(keep=True)

    work_dir = WorkDir(tmp_path, None, prefix="test-")
    assert [*work_dir.temporary_files.iterdir()] == []
    work_dir.close(keep=False)
    assert not work_dir.temporary_files.exists()
