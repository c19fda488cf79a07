"""The data directory: recognised as ours before anything is written or deleted, held by one `up` at a time.

Layout::

    heartzone-data.txt   what makes a directory a data directory of `up`; nothing is deleted in one without it
    kafka/  registry/    their data
    logs/                one file a part
    endpoints.json       where everything listens, there while `up` is ready
    up.lock              held while `up` runs
    .gitignore           keeps all of it out of version control
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import BaseFileLock, FileLock, Timeout

from heartzone_cli import endpoints
from heartzone_cli.up.refusal import CannotStart

MARKER = "heartzone-data.txt"
_MARKER_TEXT = "Data and logs of `heartzone up`. May be deleted while that does not run; `heartzone up --fresh` does.\n"
_LOCK = "up.lock"
_DATA = ("kafka", "registry", "logs", endpoints.FILE_NAME)
# Data are moved here before they are deleted, so that an interrupted deletion leaves no half of a Kafka behind.
_DELETED = "deleted"


@dataclass(frozen=True)
class DataDir:
    """A data directory that this process holds."""

    path: Path

    @property
    def kafka(self) -> Path:
        """Where embedded Kafka keeps its data."""
        return self.path / "kafka"

    @property
    def registry(self) -> Path:
        """Where the embedded registry keeps its data."""
        return self.path / "registry"

    @property
    def logs(self) -> Path:
        """Where every part logs."""
        return self.path / "logs"


def refuse_held(path: Path) -> None:
    """Raise CannotStart when another `up` holds the data directory; nothing is written, and none need be there."""
    if (path / _LOCK).exists():
        try:
            _lock(path).release()
        except OSError as error:
            raise _unusable(path, error) from error


@contextmanager
def hold(path: Path, *, fresh: bool) -> Iterator[DataDir]:
    """Make or open a data directory and keep every other `up` out while the block lasts; `fresh` empties it first.

    Raises CannotStart when it is no data directory, in use, or cannot be written.
    """
    try:
        _recognise(path)
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
        raise CannotStart(
            f"`heartzone up` runs on {path} already; stop that one, or choose another place with --data-dir."
        ) from None
    return lock


def _recognise(path: Path) -> None:
    """Refuse a place that holds something else, and mark a new one."""
    if path.exists() and not path.is_dir():
        raise CannotStart(f"{path} is a file; name a folder with --data-dir.")
    if (path / MARKER).is_file():
        return
    if path.exists() and any(path.iterdir()):
        raise CannotStart(
            f"{path} holds something else than data of `heartzone up` (it has no {MARKER}) and was left as it is; "
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


def _unusable(path: Path, error: OSError) -> CannotStart:
    return CannotStart(f"{path} cannot be used as a data directory ({error.strerror}); name another with --data-dir.")
