"""Child processes that die with their parent, whatever kills it, and that a terminal's Ctrl-C does not reach.

``_launcher.py`` is the child's side of the tie, this module the parent's.
"""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, Self

from embedded_kafka.processes.spawner import Spawner

LAUNCHER = Path(__file__).with_name("_launcher.py")
Tie = Literal["pdeathsig", "watch"]
DEFAULT_TIE: Tie = "pdeathsig" if sys.platform == "linux" else "watch"

LINES_OF_LOG = 20
"""The end of a log that the error of a program shows which does not end."""

_spawner = Spawner()


class ChildProcess:
    """A running program in a session of its own, tied to the life of this process.

    Its own children are reached by `kill`, `pause` and `resume` (they go to the process group) but are not tied to the
    parent by the kernel: a program that starts others has to look after them.
    """

    def __init__(self, process: subprocess.Popen[bytes], log_file: Path, log_start: int, pipe: int | None) -> None:
        self.log_file = log_file
        self._log_start = log_start
        self._process = process
        self._pipe = pipe
        self._reaping = threading.Lock()

    @classmethod
    def start(
        cls,
        argv: Sequence[str | Path],
        *,
        log_file: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        tie: Tie = DEFAULT_TIE,
    ) -> Self:
        """Start a program; its output is appended to `log_file`.

        `env` replaces the environment (None: inherit). A program that does not exist ends at once with code 127 and
        a line in the log.
        """
        log_file.parent.mkdir(parents=True, exist_ok=True)
        # Only the launcher inherits ends of these: descriptors that Python opens are not inheritable.
        tied, tells_tied = os.pipe()
        watched, held = os.pipe() if tie == "watch" else (-1, -1)
        inherited = [fd for fd in (tells_tied, watched) if fd >= 0]
        launcher = [sys.executable, "-I", "-S", LAUNCHER, tie, os.getpid(), tells_tied, watched]
        try:
            with log_file.open("ab") as log:
                log_start = log.tell()
                process = _spawner.spawn(
                    lambda: subprocess.Popen(
                        [*map(str, launcher), *map(str, argv)],
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=subprocess.STDOUT,
                        env=None if env is None else dict(env),
                        cwd=cwd,
                        start_new_session=True,
                        pass_fds=inherited,
                    )
                )
        except BaseException:
            _close(tied, held, *inherited)
            raise
        _close(*inherited)
        os.read(tied, 1)
        _close(tied)
        return cls(process, log_file, log_start, held if held >= 0 else None)

    @property
    def pid(self) -> int:
        """The program's process id, also after it has ended."""
        return self._process.pid

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while the program runs."""
        code = self._process.poll()
        if code is not None:
            self._close_pipe()
        return code

    def wait(self, timeout: float | None = None) -> int:
        """Wait at most `timeout` seconds and return the exit code; raises TimeoutError when it still runs."""
        try:
            code = self._process.wait(timeout)
        except subprocess.TimeoutExpired as error:
            last = "".join(self.log().splitlines(keepends=True)[-LINES_OF_LOG:])
            raise TimeoutError(f"process {self.pid} still runs after {timeout} s; its log ends with\n{last}") from error
        self._close_pipe()
        return code

    def request_stop(self) -> None:
        """Send SIGTERM to the program, and to it alone, without waiting; nothing when it has ended."""
        if self.poll() is None:
            self._process.send_signal(signal.SIGTERM)

    def terminate(self, grace: float = 10.0) -> int:
        """SIGTERM, then after `grace` seconds SIGKILL; returns the exit code."""
        self.request_stop()
        try:
            return self.wait(grace)
        except TimeoutError:
            return self.kill()

    def kill(self) -> int:
        """SIGKILL the program and whatever shares its process group; returns the exit code."""
        self._signal_group(signal.SIGKILL)
        return self.wait()

    def pause(self) -> None:
        """Freeze the process group (SIGSTOP)."""
        self._signal_group(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a frozen process group go on (SIGCONT)."""
        self._signal_group(signal.SIGCONT)

    def log(self) -> str:
        """Return the output of the program since this start."""
        with self.log_file.open("rb") as file:
            file.seek(self._log_start)
            return file.read().decode(errors="replace")

    def tail(self, lines: int = 20) -> str:
        """The last lines that the program has written since this start."""
        return "\n".join(self.log().splitlines()[-lines:])

    def _signal_group(self, number: signal.Signals) -> None:
        # The group id is the pid (a session of its own); it cannot be anybody else's while the child is unreaped.
        if self.poll() is None:
            try:
                os.killpg(self.pid, number)
            except ProcessLookupError:
                return  # it ended just now

    def _close_pipe(self) -> None:
        with self._reaping:
            pipe, self._pipe = self._pipe, None
        if pipe is not None:
            os.close(pipe)


def _close(*fds: int) -> None:
    for fd in fds:
        if fd >= 0:
            os.close(fd)
