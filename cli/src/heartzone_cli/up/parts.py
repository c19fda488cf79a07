"""The running parts behind one protocol: start until ready, stop in order, kill, exit code and log."""

import http.client
import json
import os
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from embedded_kafka import EmbeddedKafka, EmbeddedRegistry
from embedded_kafka.processes import ChildProcess
from embedded_kafka.processes.restartable import Restartable
from heartzone_cli.up.errors import PartFailedError, StopRequestedError
from heartzone_cli.up.ports import LOOPBACK
from heartzone_cli.up.services import Service

# Seconds
READY_TIMEOUT = 60.0
POLL_INTERVAL = 0.05

MAX_LOG_LINES = 15


class Part(Protocol):
    """A part of the stack. `kill` may be called from any thread at any time, and ends a `start` that is under way."""

    name: str

    def start(self) -> None:
        """Start and wait until it is ready; raises when it is not."""

    def stop(self) -> None:
        """Stop it in order, for as long as it takes; nothing when it does not run."""

    def kill(self) -> None:
        """End it at once."""

    def exit_code(self) -> int | None:
        """Return its exit code; None while it runs."""

    def log(self) -> str:
        """Return its log since it was started."""


class EmbeddedPart:
    """Kafka or the schema registry."""

    def __init__(self, name: str, program: EmbeddedKafka | EmbeddedRegistry) -> None:
        self.name = name
        self._program = program

    def start(self) -> None:
        """Raises EmbeddedKafkaError."""
        self._program.start()

    def stop(self) -> None:
        """Stop in order: Kafka by a controlled shutdown, the registry closes its store."""
        self._program.stop()

    def kill(self) -> None:
        """Kill the JVMs; what they acknowledged is there at the next start."""
        for jvm in self._jvms():
            jvm.kill()

    def exit_code(self) -> int | None:
        """Return the exit code of the first JVM that ended."""
        return next((code for jvm in self._jvms() if (code := jvm.exit_code) is not None), None)

    def log(self) -> str:
        """Return the log of the JVMs."""
        return "".join(jvm.log() for jvm in self._jvms())

    def _jvms(self) -> Sequence[Restartable]:
        return self._program.nodes if isinstance(self._program, EmbeddedKafka) else [self._program]


class ServicePart:
    """One Python process."""

    def __init__(self, service: Service, log_dir: Path) -> None:
        self.name = service.name
        self._service = service
        self._log_file = log_dir / f"{service.name}.log"
        self._process: ChildProcess | None = None
        self._starting = threading.Lock()
        self._killed = False

    def start(self) -> None:
        """Raises PartFailedError; StopRequestedError when it was killed meanwhile."""
        with self._starting:
            if self._killed:
                raise StopRequestedError
            process = self._process = ChildProcess.start(
                self._service.argv, log_file=self._log_file, env=self._service.environment(os.environ)
            )
        deadline = time.monotonic() + READY_TIMEOUT
        while (reason := self._unready_reason()) is not None:
            if (code := process.poll()) is not None:
                raise PartFailedError(f"{self.name} ended while starting {describe(code)}{last_lines(self)}")
            if time.monotonic() > deadline:
                raise PartFailedError(
                    f"{self.name} was not ready within {READY_TIMEOUT:.0f} s ({reason}){last_lines(self)}"
                )
            time.sleep(POLL_INTERVAL)

    def stop(self) -> None:
        """Request its stop, and wait."""
        if self._process is not None:
            self._process.request_stop()
            self._process.wait()

    def kill(self) -> None:
        """Kill it, or prevent its start."""
        with self._starting:
            self._killed = True
            if self._process is not None:
                self._process.kill()

    def exit_code(self) -> int | None:
        """Return the process's exit code."""
        return None if self._process is None else self._process.poll()

    def log(self) -> str:
        """Return the process's log."""
        return "" if self._process is None else self._process.log()

    def _unready_reason(self) -> str | None:
        connection = http.client.HTTPConnection(LOOPBACK, self._service.management_port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            response = connection.getresponse()
            body = response.read()
            return None if response.status == 200 else str(json.loads(body)["reason"])
        except (OSError, http.client.HTTPException, ValueError, KeyError):
            return "its management port does not respond"
        finally:
            connection.close()


def describe(exit_code: int) -> str:
    """Put an exit code in words."""
    return f"(signal {-exit_code})" if exit_code < 0 else f"(exit code {exit_code})"


def last_lines(part: Part) -> str:
    """Return the last log lines, to end a sentence about the part with."""
    lines = part.log().splitlines()[-MAX_LOG_LINES:]
    return "; its last log lines:\n" + "\n".join(f"  {line}" for line in lines) if lines else "; it logged nothing."
