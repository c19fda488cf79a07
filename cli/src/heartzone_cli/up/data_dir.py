"""The data directory: verified as ours before anything is written or deleted, locked by one `up` at a time.

Layout::

    heartzone-data.txt   marks a data directory of `up`; nothing is deleted in a directory without it
    kafka/  registry/    their data
    logs/                one file a part
    endpoints.json       the addresses, there while `up` is ready
    up.lock              locked while `up` runs
    .gitignore           keeps all of it out of version control
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import BaseFileLock, FileLock, Timeout

from heartzone_cli.cluster import endpoints
from heartzone_cli.errors import CannotRunError

MARKER = "heartzone-data.txt"
_MARKER_TEXT = "Data and logs of `heartzone up`. May be deleted while it does not run; `heartzone up --fresh` does.\n"
_LOCK = "up.lock"
_DATA = ("kafka", "registry", "logs", endpoints.FILE_NAME)
# Data are moved here before they are deleted, so that an interrupted deletion leaves no half of a Kafka behind.
_DELETED = "deleted"


@dataclass(frozen=True)
class DataDir:
    """A data directory that this process has locked."""

    path: Path

    @property
    def kafka(self) -> Path:
        """Data of the embedded Kafka."""
        return self.path / "kafka"

    @property
    def registry(self) -> Path:
        """Data of the embedded registry."""
        return self.path / "registry"

    @property
    def logs(self) -> Path:
        """Logs of every part."""
        return self.path / "logs"


def check_unlocked(path: Path) -> None:
    """Raise CannotRunError when another `up` has locked the data directory, which need not exist. Writes nothing."""
    if (path / _LOCK).exists():
        try:
            _lock(path).release()
        except OSError as error:
            raise _unusable(path, error) from error


@contextmanager
def locked(path: Path, *, fresh: bool) -> Iterator[DataDir]:
    """Make or open a data directory, and keep it locked while the block lasts; `fresh` empties it first.

    Raises CannotRunError when it is no data directory, locked by another `up`, or cannot be written.
    """
    try:
        _mark(path)
        lock = _lock(path)
    except OSError as error:
        raise _unusable(path, error) from error
    try:
        try:
            endpoints.remove(path)  # of an `up` that was killed
            _empty(path, _DATA if fresh else ())
        except OSError as error:
            raise _unusable(path, error) from error
        yield DataDir(path.absolute())
    finally:
        lock.release()


def _lock(path: Path) -> BaseFileLock:
    lock = FileLock(path / _LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise CannotRunError(
            f"`heartzone up` runs on {path} already; stop that one, or choose another folder with --data-dir."
        ) from None
    return lock


def _mark(path: Path) -> None:
    """Mark a new data directory. Raises CannotRunError for a place with other content."""
    if path.exists() and not path.is_dir():
        raise CannotRunError(f"{path} is a file; name a folder with --data-dir.")
    if (path / MARKER).is_file():
        return
    if path.exists() and any(path.iterdir()):
        raise CannotRunError(
            f"{path} has other content than data of `heartzone up` (it has no {MARKER}) and was left unchanged; "
            "name a new or empty folder with --data-dir."
        )
    path.mkdir(parents=True, exist_ok=True)
    (path / MARKER).write_text(_MARKER_TEXT)
    (path / ".gitignore").write_text("*\n")


def _empty(path: Path, names: tuple[str, ...]) -> None:
    deleted = path / _DELETED
    for name in names:
        if (path / name).exists():
            deleted.mkdir(exist_ok=True)
            (path / name).rename(deleted / name)
    if deleted.exists():
        shutil.rmtree(deleted)


def _unusable(path: Path, error: OSError) -> CannotRunError:
    return CannotRunError(
        f"{path} cannot be used as a data directory ({error.strerror}); name another with --data-dir."
    )
