"""A real schema registry (Apicurio, with the Confluent API) as a context manager."""

import json
import re
import secrets
import ssl
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from embedded_kafka.certificates import Certificates, ensure_certificates
from embedded_kafka.diagnosis import start_failure
from embedded_kafka.distributions import registry_home
from embedded_kafka.errors import DamagedDataDir, StartFailed
from embedded_kafka.java import java_command, java_executable
from embedded_kafka.java_properties import render
from embedded_kafka.ports import LOOPBACK, start_on_ports
from embedded_kafka.processes import ChildProcess
from embedded_kafka.progress import Progress
from embedded_kafka.readiness import NotReady, await_ready
from embedded_kafka.registry_properties import STORE_FILE, registry_properties
from embedded_kafka.restartable import Restartable
from embedded_kafka.work_dir import WorkDir

START_TIMEOUT_S = 120.0  # a machine full of other work takes ten times the usual two seconds
STOP_GRACE_S = 5.0
STORE_BLOCK = 4096
UNFINISHED = "registry.unfinished"  # lies beside a store until the registry has made it whole


class EmbeddedRegistry(Restartable):
    """A schema registry on loopback that lives as long as this process, at most.

    `data_dir` keeps the schemas, also over a SIGKILL: what was answered is there after the next start. Without it they
    live in a temporary directory, removed at the end, or kept when the ``with`` block ends in an exception. With
    `basic_auth`, a user and a password, every request without them is answered with 401. With `tls` it listens on https
    alone, with a certificate of an authority of its own, which `client_config` names.

    Raises, when it starts: PortTaken, DataDirInUse, DownloadFailed, UnsupportedPlatform, StartFailed.
    """

    def __init__(
        self,
        *,
        data_dir: Path | str | None = None,
        port: int = 0,
        basic_auth: tuple[str, str] | None = None,
        tls: bool = False,
        log_dir: Path | str | None = None,
        heap_mb: int = 160,
        progress: Progress | None = None,
    ) -> None:
        if basic_auth is not None and not re.fullmatch(r"[A-Za-z0-9_.-]+", basic_auth[0]):
            raise ValueError(f"user name {basic_auth[0]!r}: use letters, digits, '_', '.' and '-' only")
        super().__init__()
        self.port = port
        self._data_dir = data_dir
        self._log_dir = log_dir
        self._basic_auth = basic_auth
        self._tls = tls
        self._certificates: Certificates | None = None
        self._heap_mb = heap_mb
        self._progress = progress
        self._nonce = secrets.token_hex(16)
        self._work_dir: WorkDir | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        failed = isinstance(error, Exception)
        if error is not None and failed and self._work_dir is not None:
            error.add_note(f"the log of the embedded registry is in {self._work_dir.log_dir}")
        self.stop(keep=failed)

    @property
    def url(self) -> str:
        """The base of the Confluent API, without credentials."""
        return f"{self._origin}/apis/ccompat/v7"

    @property
    def _origin(self) -> str:
        return f"{'https' if self._tls else 'http'}://{LOOPBACK}:{self.port}"

    def client_config(self) -> dict[str, str]:
        """The properties of a Confluent schema-registry client."""
        config = {"url": self.url}
        if self._basic_auth is not None:
            config["basic.auth.user.info"] = ":".join(self._basic_auth)
        if self._certificates is not None:
            config["ssl.ca.location"] = str(self._certificates.ca)
        return config

    def start(self) -> None:
        """Start the registry and wait until it answers; nothing when it runs.

        After `kill` it goes on with the same port and data.
        """
        if self.is_running:
            return
        java_executable()  # before anything is downloaded for a machine that cannot run it
        home = registry_home(self._progress)
        if self._work_dir is None:
            self._work_dir = WorkDir(self._data_dir, self._log_dir, prefix="embedded-registry-")
        work_dir = self._work_dir
        fixed = [self.port] if self.port else []
        try:
            start_on_ports(fixed, 2 - len(fixed), lambda ports: self._launch(work_dir, home, ports))
        except BaseException as error:
            self.stop(keep=isinstance(error, StartFailed))
            raise

    def stop(self, *, keep: bool = False) -> None:
        """Stop the registry; temporary data are removed unless `keep`. Nothing happens when it does not run."""
        if self._work_dir is None:
            return
        if self._process is not None:
            self._process.resume()
            self._process.terminate(0 if self._work_dir.is_temporary else STOP_GRACE_S)
        self._work_dir.close(keep=keep)
        self._work_dir = None

    def _launch(self, work_dir: WorkDir, home: Path, ports: Sequence[int]) -> None:
        port, management_port = ports
        unfinished = _prepare_store(work_dir.path)
        if self._tls:
            self._certificates = ensure_certificates(work_dir.path / "certificates")
        properties = registry_properties(
            port,
            management_port,
            nonce=self._nonce,
            basic_auth=self._basic_auth,
            key_and_certificate=self._certificates.server if self._certificates is not None else None,
        )
        config = work_dir.path / "registry.properties"
        config.touch(mode=0o600)
        config.write_text(render(properties))
        command = java_command(
            ["-jar", home / "quarkus-run.jar"],
            heap_mb=self._heap_mb,
            options=("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
            system_properties=(("smallrye.config.locations", config.as_uri()),),
        )
        log_file = work_dir.log_dir / "registry.log"
        process = self._process = ChildProcess.start(command, log_file=log_file, cwd=work_dir.path)
        previous, self.port = self.port, port
        try:
            await_ready(self._answers, process.poll, START_TIMEOUT_S)
        except BaseException as error:
            process.kill()
            self.port = previous
            if isinstance(error, NotReady):
                raise start_failure(
                    "the schema registry",
                    error.exit_code,
                    process.log(),
                    data=work_dir.path / STORE_FILE,
                    timeout=START_TIMEOUT_S,
                ) from None
            raise
        unfinished.unlink(missing_ok=True)

    def _answers(self) -> bool:
        try:
            info = json.loads(self._get(f"{self._origin}/apis/registry/v3/system/info"))
            self._get(f"{self.url}/subjects")
        except urllib.error.HTTPError as answer:
            answer.close()
            return False
        except (OSError, ValueError):
            return False
        return bool(info.get("description") == self._nonce)

    def _get(self, url: str) -> bytes:
        request = urllib.request.Request(url)  # noqa: S310  # built above, always on loopback
        if self._basic_auth is not None:
            token = b64encode(":".join(self._basic_auth).encode()).decode()
            request.add_header("Authorization", f"Basic {token}")
        # No proxy of the environment between this machine and itself.
        handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({})]
        if self._certificates is not None:
            context = ssl.create_default_context(cafile=self._certificates.ca)
            handlers.append(urllib.request.HTTPSHandler(context=context))
        opener = urllib.request.build_opener(*handlers)
        with opener.open(request, timeout=2) as answer:
            body: bytes = answer.read()
        return body


def _prepare_store(directory: Path) -> Path:
    """Have a store that is whole or none at all; return the marker of an unfinished one, to remove when it is made.

    Apicurio makes its tables one by one, and never starts again on a store that it was killed in the midst of making.
    Nobody had an answer from that one, so it is begun anew.
    """
    store = directory / STORE_FILE
    unfinished = directory / UNFINISHED
    if unfinished.exists():
        store.unlink(missing_ok=True)
    elif store.exists():
        _require_sound(store)
    else:
        unfinished.touch()
    return unfinished


def _require_sound(store: Path) -> None:
    """Raise DamagedDataDir for a file that is no H2 store: Apicurio would start on it and answer 500 to everything."""
    with store.open("rb") as file:
        # MVStore's header, written twice for the case that a write of it was interrupted.
        copies = (file.read(STORE_BLOCK), file.read(STORE_BLOCK))
    if not any(copy.startswith(b"H:") for copy in copies):
        raise DamagedDataDir(f"{store} is not a schema registry's store: it is damaged; nothing in it was touched.")
