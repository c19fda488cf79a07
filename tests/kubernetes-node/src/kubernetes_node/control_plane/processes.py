"""etcd and the API server as child processes: started in this order, stopped in the other.

The API server hangs at its stop when etcd is gone, and the next one then cannot listen.
"""

import shutil
import ssl
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx2

from embedded_kafka.errors import StartError
from embedded_kafka.processes import ChildProcess
from embedded_kafka.processes.ports import start_on_ports
from embedded_kafka.processes.readiness import NotReadyError, await_ready
from kubernetes_node.control_plane.binaries import Binaries
from kubernetes_node.control_plane.credentials import LOOPBACK, Credentials

START_TIMEOUT_S = 120
STOP_GRACE_S = 3


class ControlPlane:
    """A Kubernetes API on a random port, with RBAC, without controllers: what is stored stays as it is stored.

    `url`, `kubeconfig` (of an administrator) and the data stay the same when the API server is started again.
    For a node it listens where pods reach it (`address`, and `names` that they call it by), and gets more `flags`.
    """

    def __init__(
        self,
        binaries: Binaries,
        directory: Path,
        *,
        address: str = LOOPBACK,
        names: Sequence[str] = (),
        flags: Sequence[str] = (),
    ) -> None:
        self._binaries = binaries
        self._directory = directory
        self._address = address
        self._flags = flags
        self.credentials = Credentials.make(directory, address, *names)
        self.kubeconfig = directory / "kubeconfig"
        self.url = ""
        self._api_port = 0
        self._etcd_url = ""

    def __enter__(self) -> Self:
        start_on_ports([], 3, self._start)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop_api_server()
        self.etcd.terminate(STOP_GRACE_S)
        shutil.rmtree(self._directory / "etcd", ignore_errors=True)  # 60 MB at least; the logs stay

    def start_api_server(self) -> None:
        """Start it and wait until it is ready. Raises StartError."""
        self.api_server = ChildProcess.start(
            [self._binaries["kube-apiserver"], *self._api_server_flags()], log_file=self._directory / "api-server.log"
        )
        try:
            with self.administrator() as client:
                await_ready(lambda: _answers(client), self._ended, START_TIMEOUT_S)
        except NotReadyError as error:
            happened = "was not ready in time" if error.exit_code is None else f"ended with {error.exit_code}"
            raise StartError(f"the control plane {happened}:\n{self.etcd.tail()}\n{self.api_server.tail()}") from None

    def stop_api_server(self) -> None:
        """SIGTERM, and SIGKILL when it is still there after three seconds: it waits long for clients that watch."""
        self.api_server.terminate(STOP_GRACE_S)

    def restart_api_server(self) -> None:
        """Stop it, start it again on the same port with the same data, and wait until it is ready."""
        self.stop_api_server()
        self.start_api_server()

    def administrator(self) -> httpx2.Client:
        """An HTTP client that may do everything."""
        # Nobody's proxy settings matter on the loopback interface.
        return httpx2.Client(
            base_url=self.url, verify=_trusting(self.credentials), trust_env=False, timeout=httpx2.Timeout(30)
        )

    def _start(self, ports: Sequence[int]) -> None:
        self._api_port, etcd_port, peer_port = ports
        self.url = f"https://{self._address}:{self._api_port}"
        self._etcd_url = f"http://{LOOPBACK}:{etcd_port}"
        peer_url = f"http://{LOOPBACK}:{peer_port}"
        self.kubeconfig.touch(mode=0o600)
        self.kubeconfig.write_text(self.credentials.kubeconfig(self.url))
        self.etcd = ChildProcess.start(
            [
                self._binaries["etcd"],
                f"--data-dir={self._directory / 'etcd'}",
                f"--listen-client-urls={self._etcd_url}",
                f"--advertise-client-urls={self._etcd_url}",
                f"--listen-peer-urls={peer_url}",
                f"--initial-advertise-peer-urls={peer_url}",
                f"--initial-cluster=default={peer_url}",
                "--unsafe-no-fsync",  # a test's data need not outlive a power cut
                "--log-level=warn",
            ],
            log_file=self._directory / "etcd.log",
        )
        try:
            self.start_api_server()
        except StartError:
            self.api_server.kill()
            self.etcd.kill()
            raise

    def _ended(self) -> int | None:
        etcd = self.etcd.poll()
        return self.api_server.poll() if etcd is None else etcd

    def _api_server_flags(self) -> list[str]:
        keys = self.credentials
        return [
            f"--etcd-servers={self._etcd_url}",
            f"--bind-address={self._address}",
            f"--advertise-address={self._address}",
            f"--secure-port={self._api_port}",
            f"--tls-cert-file={keys.server}",
            f"--tls-private-key-file={keys.server}",
            f"--client-ca-file={keys.ca}",
            "--authorization-mode=RBAC",
            f"--service-account-key-file={keys.signing_key}",
            f"--service-account-signing-key-file={keys.signing_key}",
            "--service-account-issuer=https://kubernetes.default.svc",
            "--service-cluster-ip-range=10.0.0.0/24",
            f"--cert-dir={self._directory}",
            *self._flags,
        ]


def _trusting(credentials: Credentials) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=credentials.ca)
    context.load_cert_chain(credentials.admin)
    return context


def _answers(client: httpx2.Client) -> bool:
    try:
        return client.get("/readyz", timeout=2).is_success
    except httpx2.TransportError:
        return False
