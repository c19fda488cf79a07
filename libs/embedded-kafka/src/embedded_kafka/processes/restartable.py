"""A program that is started, ends, and is started again: its state, and signals to it at any time."""

from embedded_kafka.processes import ChildProcess


class Restartable:
    """The operations that a Kafka node and the registry share; before the first start they do nothing."""

    def __init__(self) -> None:
        self._process: ChildProcess | None = None

    @property
    def pid(self) -> int | None:
        """The process id of the JVM; None when it was never started."""
        return None if self._process is None else self._process.pid

    @property
    def is_running(self) -> bool:
        """True while the process exists, paused or not."""
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """The exit code, negative for a signal; None while it runs or when it was never started."""
        return None if self._process is None else self._process.poll()

    def kill(self) -> None:
        """SIGKILL: no clean shutdown, as at a power cut of the process."""
        if self._process is not None:
            self._process.kill()

    def pause(self) -> None:
        """Freeze it (SIGSTOP): connections stay open and nothing responds."""
        if self._process is not None:
            self._process.pause()

    def resume(self) -> None:
        """Let it continue after a pause (SIGCONT)."""
        if self._process is not None:
            self._process.resume()

    def log(self) -> str:
        """Return its log since its last start."""
        return "" if self._process is None else self._process.log()
