"""`heartzone up` as a process of a test: on free ports, its output read as it comes, its children known."""

import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import psutil

from heartzone_cli.cluster import endpoints
from heartzone_cli.cluster.endpoints import Endpoints
from heartzone_testing.checkout import TOPICS
from heartzone_testing.services.environment import command, environment
from heartzone_testing.waiting import eventually

FREE_PORTS = ("--api-port", "0", "--kafka-port", "0", "--registry-port", "0", "--metrics-port", "0")
# Seconds after which a test takes an end for hung. The ten seconds of the documentation are checked as deadlines, in
# tests/unit/cli/test_up_run.py: a busy machine may take longer to kill what has passed them.
STOP_S = 60


class Up:
    """A running `heartzone up`. `output` and `errors` are what it has printed so far."""

    def __init__(
        self, data_dir: Path, *options: str | Path, ports: Sequence[str] = FREE_PORTS, **settings: str
    ) -> None:
        self.data_dir = data_dir
        # Files instead of pipes: nothing waits for a reader, and a test reads at any time.
        self._output, self._errors = (tempfile.TemporaryFile() for _ in range(2))  # noqa: SIM115 closed by close()
        self.process = subprocess.Popen(
            command("up", "--data-dir", data_dir, "--topics", TOPICS, *ports, *options),
            env=environment(**settings),
            stdout=self._output,
            stderr=self._errors,
        )

    @property
    def output(self) -> str:
        """Its stdout until now."""
        return self._read(self._output)

    @property
    def errors(self) -> str:
        """Its stderr until now."""
        return self._read(self._errors)

    def await_output(self, text: str, timeout: float = 90) -> None:
        """Return once it has printed a text; fail when it ends before."""
        eventually(lambda: text in self.output or self.process.poll() is not None, f"{text!r} in the output", timeout)
        assert text in self.output, f"ended with {self.process.returncode}:\n{self.output}{self.errors}"

    def await_ready(self) -> Endpoints:
        """Return where it listens, once it says that it is up."""
        self.await_output("heartzone is up")
        return endpoints.read(self.data_dir / endpoints.FILE_NAME)

    def children(self) -> list[psutil.Process]:
        """Every process that it has started and that runs now."""
        try:
            return psutil.Process(self.process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []

    def child(self, text: str) -> psutil.Process:
        """The child whose command line or transactional id holds a text."""
        found = [each for each in self.children() if text in f"{each.cmdline()} {_transactional_id(each)}"]
        assert len(found) == 1, f"{text}: {found}"
        return found[0]

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Ask it to stop; return the exit code, which comes in time and after every child has ended."""
        children = self.children()
        self.process.send_signal(number)
        code = self.process.wait(STOP_S)
        assert running(children) == []
        return code

    def kill(self) -> None:
        """SIGKILL it, and wait until every child has ended with it."""
        children = self.children()
        self.process.kill()
        eventually(lambda: running(children) == [], "every child to end with its parent", STOP_S)

    def close(self) -> None:
        """End it, whatever it does."""
        self.process.kill()  # its children end with it
        self.process.wait()
        self._output.close()
        self._errors.close()

    @staticmethod
    def _read(file: IO[bytes]) -> str:
        # Not through the file's position, which the child writes at.
        return os.pread(file.fileno(), 1 << 20, 0).decode()


@contextmanager
def up(data_dir: Path, *options: str | Path, ports: Sequence[str] = FREE_PORTS, **settings: str) -> Iterator[Up]:
    """Run `heartzone up` while the block lasts, at most."""
    running_up = Up(data_dir, *options, ports=ports, **settings)
    try:
        yield running_up
    finally:
        running_up.close()


def running(processes: Sequence[psutil.Process]) -> list[psutil.Process]:
    """Those that still run; one that has ended and waits for its parent to notice does not."""
    return [each for each in processes if each.is_running() and _status(each) != psutil.STATUS_ZOMBIE]


def curl_line(output: str) -> str:
    """The line to try that `up` has printed."""
    found = re.search(r"^ +(curl .*)$", output, re.MULTILINE)
    assert found is not None, output
    return found[1]


def _status(process: psutil.Process) -> str:
    try:
        return str(process.status())
    except psutil.NoSuchProcess:
        return psutil.STATUS_ZOMBIE


def _transactional_id(process: psutil.Process) -> str:
    try:
        return process.environ().get("HEARTZONE_TRANSACTIONAL_ID", "")
    except psutil.Error:
        return ""
