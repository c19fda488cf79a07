"""A real schema registry (Apicurio, with the Confluent API) as a context manager."""

import re
import secrets
from collections.abc import Sequence
from pathlib import Path

from embedded_kafka.certificates import Certificates, ensure_certificates
from embedded_kafka.distributions.progress import Progress
from embedded_kafka.errors import StartError
from embedded_kafka.jvm.diagnosis import start_failure
from embedded_kafka.jvm.program import JavaProgram
from embedded_kafka.jvm.properties_format import render
from embedded_kafka.jvm.runtime import java_executable
from embedded_kafka.processes import ChildProcess
from embedded_kafka.processes.embedded import Embedded
from embedded_kafka.processes.ports import LOOPBACK, start_on_ports
from embedded_kafka.processes.readiness import NotReadyError, await_ready
from embedded_kafka.processes.restartable import Restartable
from embedded_kafka.processes.work_dir import WorkDir
from embedded_kafka.registry.distribution import registry_program
from embedded_kafka.registry.probe import RegistryProbe
from embedded_kafka.registry.properties import STORE_FILE, registry_properties
from embedded_kafka.registry.store import prepare_store

START_TIMEOUT_S = 120.0  # a machine full of other work takes ten times the usual two seconds
STOP_GRACE_S = 5.0


class EmbeddedRegistry(Embedded, Restartable):
    """A schema registry on loopback that lives as long as this process, at most.

    `data_dir` keeps the schemas, also over a SIGKILL: what was acknowledged is there after the next start. Without it
    they live in a temporary directory, removed at the end, or kept when the ``with`` block ends in an exception. With
    `basic_auth`, a user and a password, every request without them gets a 401. With `tls` it listens on https
    alone, with a certificate of an authority of its own, which `client_config` names.

    Raises, when it starts: PortInUseError, DataDirInUseError, DownloadError, UnsupportedPlatformError, StartError.
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
        Embedded.__init__(self, "the embedded registry", data_dir=data_dir, log_dir=log_dir)
        Restartable.__init__(self)
        self.port = port
        self._basic_auth = basic_auth
        self._tls = tls
        self._certificates: Certificates | None = None
        self._heap_mb = heap_mb
        self._progress = progress
        self._nonce = secrets.token_hex(16)

    @property
    def url(self) -> str:
        """The base of the Confluent API, without credentials."""
        return f"{'https' if self._tls else 'http'}://{LOOPBACK}:{self.port}/apis/ccompat/v7"

    def client_config(self) -> dict[str, str]:
        """The properties of a Confluent schema-registry client."""
        config = {"url": self.url}
        if self._basic_auth is not None:
            config["basic.auth.user.info"] = ":".join(self._basic_auth)
        if self._certificates is not None:
            config["ssl.ca.location"] = str(self._certificates.ca)
        return config

    def start(self) -> None:
        """Start the registry and wait until it responds; nothing when it runs.

        After `kill` it goes on with the same port and data.
        """
        if self.is_running:
            return
        java_executable()  # before anything is downloaded for a machine that cannot run it
        program = registry_program(self._progress)
        work_dir = self._work_dir or self._open_work_dir("embedded-registry-")
        program = program.with_temporary_files(work_dir.temporary_files)
        fixed = [self.port] if self.port else []
        try:
            start_on_ports(fixed, 2 - len(fixed), lambda ports: self._launch(work_dir, program, ports))
        except BaseException as error:
            self.stop(keep=isinstance(error, StartError))
            raise

    def stop(self, *, keep: bool = False) -> None:
        """Stop the registry; temporary data are removed unless `keep`. Nothing happens when it does not run."""
        if self._work_dir is None:
            return
        if self._process is not None:
            self._process.resume()
            self._process.terminate(0 if self._work_dir.is_temporary else STOP_GRACE_S)
        self._close_work_dir(keep=keep)

    def _launch(self, work_dir: WorkDir, program: JavaProgram, ports: Sequence[int]) -> None:
        port, management_port = ports
        unfinished = prepare_store(work_dir.path)
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
        command = program.command(
            heap_mb=self._heap_mb,
            profile="startup",  # a laptop or a test asks it little, for as long as it may live
            system_properties=(("smallrye.config.locations", config.as_uri()),),
        )
        log_file = work_dir.log_dir / "registry.log"
        process = self._process = ChildProcess.start(command, log_file=log_file, cwd=work_dir.path)
        previous, self.port = self.port, port
        try:
            probe = RegistryProbe(self.url, basic_auth=self._basic_auth, certificates=self._certificates)
            await_ready(lambda: probe.sees(self._nonce), process.poll, START_TIMEOUT_S)
        except BaseException as error:
            process.kill()
            self.port = previous
            if isinstance(error, NotReadyError):
                raise start_failure(
                    "the schema registry",
                    error.exit_code,
                    process.log(),
                    data=work_dir.path / STORE_FILE,
                    timeout=START_TIMEOUT_S,
                ) from None
            raise
        unfinished.unlink(missing_ok=True)
