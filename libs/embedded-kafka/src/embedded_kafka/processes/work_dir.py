"""The directory of a program's data and logs: one that was given, or a temporary one."""

import shutil
import tempfile
from pathlib import Path

from filelock import FileLock, Timeout

from embedded_kafka.errors import DamagedDataDirError, DataDirInUseError


class WorkDir:
    """An open data directory, held against every other process until it is closed."""

    def __init__(self, data_dir: Path | str | None, log_dir: Path | str | None, *, prefix: str) -> None:
        """Raises DataDirInUseError, and DamagedDataDirError when the place cannot hold data."""
        self.is_temporary = data_dir is None
        self.path = Path(tempfile.mkdtemp(prefix=prefix)) if data_dir is None else Path(data_dir).absolute()
        self.log_dir = self.path / "logs" if log_dir is None else Path(log_dir).absolute()
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            # Closed by whoever opened it, which need not be the thread that did.
            self._hold = FileLock(self.path / "in-use.lock", thread_local=False)
            self._hold.acquire(timeout=0)
            # What a process that was killed has left.
            shutil.rmtree(self.temporary_files, ignore_errors=True)
            self.temporary_files.mkdir()
        except Timeout:
            raise DataDirInUseError(
                f"{self.path} is in use by another process: stop that one or use another directory."
            ) from None
        except OSError as error:
            raise DamagedDataDirError(f"{self.path} cannot be used as a data directory: {error.strerror}.") from error

    @property
    def temporary_files(self) -> Path:
        """A directory for what programs need while they run."""
        return self.path / "tmp"

    def close(self, *, keep: bool) -> None:
        """Let others in; remove a temporary directory unless `keep`."""
        if not keep:
            shutil.rmtree(self.temporary_files, ignore_errors=True)
        self._hold.release()
        if self.is_temporary and not keep:
            shutil.rmtree(self.path, ignore_errors=True)
