"""A program with a data directory, started and stopped by a ``with`` block."""

from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import Self

from embedded_kafka.processes.work_dir import WorkDir


class Embedded(ABC):
    """The context manager that EmbeddedKafka and EmbeddedRegistry share; `_work_dir` is open while they run."""

    def __init__(self, what: str, *, data_dir: Path | str | None, log_dir: Path | str | None) -> None:
        self._what = what
        self._data_dir = data_dir
        self._log_dir = log_dir
        self._work_dir: WorkDir | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        failed = isinstance(error, Exception)
        if error is not None and failed and self._work_dir is not None:
            error.add_note(f"the logs of {self._what} are in {self._work_dir.log_dir}")
        self.stop(keep=failed)

    @abstractmethod
    def start(self) -> None:
        """Start and wait until it serves."""

    @abstractmethod
    def stop(self, *, keep: bool = False) -> None:
        """Stop; temporary data are removed unless `keep`. Nothing happens when it does not run."""

    def _open_work_dir(self, prefix: str) -> WorkDir:
        self._work_dir = WorkDir(self._data_dir, self._log_dir, prefix=prefix)
        return self._work_dir

    def _close_work_dir(self, *, keep: bool) -> None:
        if self._work_dir is not None:
            self._work_dir.close(keep=keep)
            self._work_dir = None
