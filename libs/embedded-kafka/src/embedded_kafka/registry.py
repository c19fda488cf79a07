"""A real schema registry (Apicurio, with the Confluent API) as a context manager."""

import json
import secrets
import shutil
import tempfile
import urllib.error
import urllib.request
from base64 import b64encode
from pathlib import Path
from types import TracebackType
from typing import Self

from embedded_kafka import data_dir as data
from embedded_kafka.distributions import registry_home
from embedded_kafka.errors import PortTaken, StartFailed
from embedded_kafka.java import java_command
from embedded_kafka.java_properties import render
from embedded_kafka.ports import LOOPBACK, choose_free, is_free, require_free
from embedded_kafka.processes import ChildProcess
from embedded_kafka.progress import Progress
from embedded_kafka.readiness import NotReady, await_ready
from embedded_kafka.registry_properties import registry_properties

START_TIMEOUT_S = 60.0
PORT_ATTEMPTS = 5
STOP_GRACE_S = 5.0


class EmbeddedRegistry:
    """A schema registry on loopback that lives as long as this process, at most.

    `data_dir` keeps the schemas, also over a SIGKILL: what was answered is there after the next start. Without it they
    live in a temporary directory, removed at the end, or kept when the ``with`` block ends in an exception. With
    `basic_auth`, a user and a password, every request without them is answered with 401.

    Raises, when it starts: PortTaken, DataDirInUse, DownloadFailed, UnsupportedPlatform, StartFailed.
    """

    def __init__(
        self,
        *,
        data_dir: Path | None = None,
        port: int = 0,
        basic_auth: tuple[str, str] | None = None,
        log_dir: Path | None = None,
        heap_mb: int = 160,
        progress: Progress | None = None,
    ) -> None:
        self._wanted_data_dir = data_dir
        self._wanted_port = port
        self._basic_auth = basic_auth
        self._wanted_log_dir = log_dir
        self._heap_mb = heap_mb
        self._progress = progress
        self._nonce = secrets.token_hex(16)
        self._process: ChildProcess | None = None
        self._hold: data.Hold | None = None
        self.port = port
        self.management_port = 0
        self.data_dir = Path()
        self.log_dir = Path()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        failed = isinstance(error, Exception)
        if error is not None and failed:
            error.add_note(f"the log of the embedded registry is in {self.log_dir}")
        self.stop(keep=failed)

    @property
    def url(self) -> str:
        """The base of the Confluent API, without credentials."""
        return f"http://{LOOPBACK}:{self.port}/apis/ccompat/v7"

    @property
    def pid(self) -> int | None:
        """The process id of the JVM; None before the start."""
        return None if self._process is None else self._process.pid

    def client_config(self) -> dict[str, str]:
        """The properties of a Confluent schema-registry client."""
        if self._basic_auth is None:
            return {"url": self.url}
        return {"url": self.url, "basic.auth.user.info": ":".join(self._basic_auth)}

    def start(self) -> None:
        """Start the registry and wait until it answers; nothing when it runs."""
        if self._process is not None and self._process.poll() is None:
            return
        home = registry_home(self._progress)
        if self._hold is None:
            self._hold = self._prepare_directories()
        try:
            self._start_on_free_port(home)
        except BaseException as error:
            self.stop(keep=isinstance(error, StartFailed))
            raise

    def stop(self, *, keep: bool = False) -> None:
        """Stop the registry; temporary data are removed unless `keep`. Nothing happens when it does not run."""
        if self._process is not None:
            self._process.terminate(STOP_GRACE_S if self._wanted_data_dir else 0)
        if self._hold is not None:
            self._hold.release()
            self._hold = None
            if self._wanted_data_dir is None and not keep:
                shutil.rmtree(self.data_dir, ignore_errors=True)

    def kill(self) -> None:
        """SIGKILL the registry; `start` goes on with the same port and data."""
        if self._process is not None:
            self._process.kill()

    def pause(self) -> None:
        """Freeze it (SIGSTOP): connections stay open and nothing answers."""
        if self._process is not None:
            self._process.pause()

    def resume(self) -> None:
        """Let a paused registry go on (SIGCONT)."""
        if self._process is not None:
            self._process.resume()

    def tail(self, lines: int = 20) -> str:
        """The last lines of its log."""
        return "" if self._process is None else self._process.tail(lines)

    @property
    def is_running(self) -> bool:
        """Whether the process exists (a paused one does)."""
        return self._process is not None and self._process.poll() is None

    def _prepare_directories(self) -> data.Hold:
        self.data_dir = (
            self._wanted_data_dir.absolute()
            if self._wanted_data_dir
            else Path(tempfile.mkdtemp(prefix="embedded-registry-"))
        )
        self.log_dir = self._wanted_log_dir.absolute() if self._wanted_log_dir else self.data_dir / "logs"
        return data.hold(self.data_dir)

    def _start_on_free_port(self, home: Path) -> None:
        for attempt in range(PORT_ATTEMPTS):
            # A registry that is started again keeps the port that its users know.
            chosen, self.management_port = choose_free(2)
            self.port = self.port or chosen
            require_free(self.port)
            try:
                self._launch(home)
            except StartFailed:
                taken = [port for port in (self.port, self.management_port) if not is_free(port)]
                if not taken:
                    raise
                if attempt + 1 == PORT_ATTEMPTS or self._wanted_port in taken:
                    raise PortTaken(taken[0]) from None
                self.port = self._wanted_port
            else:
                return

    def _launch(self, home: Path) -> None:
        config = self.data_dir / "registry.properties"
        config.touch(mode=0o600)
        properties = registry_properties(
            self.port, self.management_port, nonce=self._nonce, basic_auth=self._basic_auth
        )
        config.write_text(render(properties))
        command = java_command(
            ["-jar", home / "quarkus-run.jar"],
            heap_mb=self._heap_mb,
            options=("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
            system_properties=(("smallrye.config.locations", config.as_uri()),),
        )
        process = ChildProcess.start(command, log_file=self.log_dir / "registry.log", cwd=self.data_dir)
        self._process = process
        try:
            await_ready(self._answers, process.poll, START_TIMEOUT_S)
        except NotReady as reason:
            process.kill()
            what = "ended while starting" if reason.exit_code is not None else "did not answer in time"
            raise StartFailed(f"the schema registry {what}; its last log lines:\n{process.tail()}") from None
        except BaseException:
            process.kill()
            raise

    def _answers(self) -> bool:
        try:
            info = json.loads(self._get(f"http://{LOOPBACK}:{self.port}/apis/registry/v3/system/info"))
            self._get(f"{self.url}/subjects")
        except urllib.error.HTTPError as answer:
            answer.close()
            return False
        except (OSError, ValueError):
            return False
        return bool(info.get("description") == self._nonce)

    def _get(self, url: str) -> bytes:
        request = urllib.request.Request(url)  # noqa: S310  # built above, always http on loopback
        if self._basic_auth is not None:
            token = b64encode(":".join(self._basic_auth).encode()).decode()
            request.add_header("Authorization", f"Basic {token}")
        # No proxy of the environment between this machine and itself.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=2) as answer:
            body: bytes = answer.read()
        return body
