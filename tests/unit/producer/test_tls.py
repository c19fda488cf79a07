"""TLS on the API's own port: certificates that change, and clients that are known by theirs."""

import logging
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.client import HTTPException, HTTPSConnection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from heartzone_producer import access
from heartzone_producer.api import tls_loop
from heartzone_producer.api.server import ApiServer, listen
from heartzone_producer.authentication.certificates import ClientCertificate, client_certificate
from heartzone_producer.authentication.errors import UnauthenticatedError
from heartzone_producer.settings import ProducerSettings
from heartzone_testing.waiting import eventually
from service_chassis.settings import SettingsError, load

if TYPE_CHECKING:
    from tests.unit.producer.conftest import Api

DEVICE = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
NEEDED = {"HEARTZONE_KAFKA_BOOTSTRAP_SERVERS": "kafka:9092", "HEARTZONE_SCHEMA_REGISTRY_URL": "http://registry:8081"}
EXPIRES = "Jan  5 09:34:43 2070 GMT"


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    """The CA of the server."""
    return trustme.CA()


@pytest.fixture(scope="module")
def client_ca() -> trustme.CA:
    return trustme.CA()


class Files:
    """The server's certificate and key, and the clients' CA, as a mounted Secret has them."""

    def __init__(self, folder: Path) -> None:
        self.certificate, self.key, self.client_ca = folder / "tls.crt", folder / "tls.key", folder / "ca.crt"

    def issue(self, ca: trustme.CA) -> bytes:
        """Write a new certificate with its key, and return it as a handshake shows it."""
        leaf = ca.issue_cert("localhost")
        self.key.write_bytes(leaf.private_key_pem.bytes())
        self.certificate.write_bytes(b"".join(each.bytes() for each in leaf.cert_chain_pems))
        return ssl.PEM_cert_to_DER_cert(leaf.cert_chain_pems[0].bytes().decode())

    def issue_key(self) -> None:
        """Write a key that the certificate is not for."""
        self.key.write_bytes(trustme.CA().issue_cert("localhost").private_key_pem.bytes())

    def settings(self, **more: str) -> ProducerSettings:
        files = {
            "HEARTZONE_TLS_CERTIFICATE_FILE": str(self.certificate),
            "HEARTZONE_TLS_KEY_FILE": str(self.key),
        }
        return load(ProducerSettings, {**NEEDED, **files, **more})


@pytest.fixture
def files(tmp_path: Path, ca: trustme.CA) -> Files:
    written = Files(tmp_path)
    written.issue(ca)
    return written


@contextmanager
def served(make_api: "type[Api]", settings: ProducerSettings) -> Iterator[int]:
    api = make_api(guards=access.guards(settings))
    server = ApiServer(api.app, policy=api.policy, tls=access.tls(settings))
    with listen(0) as listener:
        port: int = listener.getsockname()[1]
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield port
        finally:
            server.should_exit = True
            thread.join(15)
            assert not thread.is_alive()


@contextmanager
def connected(port: int, ca: trustme.CA, client: trustme.LeafCert | None = None) -> Iterator[HTTPSConnection]:
    context = ssl.create_default_context()
    ca.configure_trust(context)
    if client is not None:
        client.configure_cert(context)
    connection = HTTPSConnection("localhost", port, context=context, timeout=10)
    try:
        connection.connect()
        yield connection
    finally:
        connection.close()


def certificate_of(connection: HTTPSConnection) -> object:
    return connection.sock.getpeercert(binary_form=True)


def post(connection: HTTPSConnection, body: bytes, **headers: str) -> int:
    connection.request("POST", "/biometrics", body, {"Content-Type": "application/json", **headers})
    response = connection.getresponse()
    response.read()
    return response.status


def status_of(port: int, ca: trustme.CA, certificate: trustme.LeafCert, body: bytes) -> int:
    """The status of a request with a client's certificate; 0 when there is no connection."""
    try:
        with connected(port, ca, certificate) as connection:
            return post(connection, body)
    except (OSError, HTTPException):  # TLS 1.3 tells a client after its handshake
        return 0


def test_a_certificate_is_followed_and_connections_outlast_it(
    make_api: "type[Api]", files: Files, ca: trustme.CA, course_request: bytes
) -> None:
    def shown() -> object:
        with connected(port, ca) as new:
            return certificate_of(new)

    with served(make_api, files.settings()) as port, connected(port, ca) as earlier:
        assert post(earlier, course_request) == 202
        renewed = files.issue(ca)

        eventually(lambda: shown() == renewed, "the new certificate")

        assert certificate_of(earlier) != renewed
        assert post(earlier, course_request) == 202


def test_what_is_not_tls_gets_no_response_and_leaves_no_trace(
    make_api: "type[Api]", files: Files, ca: trustme.CA, course_request: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    with served(make_api, files.settings()) as port:
        for sent in (b"GET /docs HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x00\x05hello", b""):
            with socket.create_connection(("localhost", port), timeout=10) as plain:
                plain.sendall(sent)
                plain.shutdown(socket.SHUT_WR)
                assert b"HTTP/" not in plain.recv(1000)
        with connected(port, ca) as connection:
            assert post(connection, course_request) == 202
    assert caplog.records == []


def test_a_client_that_does_not_shake_hands_is_disconnected(
    make_api: "type[Api]", files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls_loop, "HANDSHAKE_TIMEOUT", 0.1)
    with served(make_api, files.settings()) as port:
        for sent in (b"", b"\x16\x03\x01\x02\x00"):
            with socket.create_connection(("localhost", port), timeout=10) as silent:
                silent.sendall(sent)
                # Reading returns only because the server closes.
                assert silent.recv(1000) == b""


def test_a_client_is_known_by_its_certificate(
    make_api: "type[Api]", files: Files, ca: trustme.CA, client_ca: trustme.CA, course_request: bytes
) -> None:
    client_ca.cert_pem.write_to_path(files.client_ca)
    settings = files.settings(HEARTZONE_AUTH_CLIENT_CA_FILE=str(files.client_ca), HEARTZONE_AUTH_DEVICES="{name}")
    own = client_ca.issue_cert("bracelet.example", common_name=DEVICE.upper())
    other = client_ca.issue_cert("bracelet.example", common_name="other")
    with served(make_api, settings) as port:
        statuses = {}
        for name, certificate in (("own", own), ("other", other), ("none", None)):
            with connected(port, ca, certificate) as connection:
                statuses[name] = [post(connection, course_request) for _ in range(2)]
                connection.request("GET", "/docs")
                assert connection.getresponse().status == 200

    assert statuses == {"own": [202, 202], "other": [403, 403], "none": [401, 401]}


def test_a_certificate_of_another_ca_is_none(
    make_api: "type[Api]", files: Files, ca: trustme.CA, client_ca: trustme.CA, course_request: bytes
) -> None:
    client_ca.cert_pem.write_to_path(files.client_ca)
    certificate = trustme.CA().issue_cert("a.example", common_name=DEVICE)
    with served(make_api, files.settings(HEARTZONE_AUTH_CLIENT_CA_FILE=str(files.client_ca))) as port:
        assert status_of(port, ca, certificate, course_request) == 0


def test_another_ca_of_clients_counts_for_new_connections(
    make_api: "type[Api]", files: Files, ca: trustme.CA, client_ca: trustme.CA, course_request: bytes
) -> None:
    client_ca.cert_pem.write_to_path(files.client_ca)
    next_ca = trustme.CA()
    before, after = (each.issue_cert("a.example", common_name="a") for each in (client_ca, next_ca))

    def status(certificate: trustme.LeafCert) -> int:
        return status_of(port, ca, certificate, course_request)

    with served(make_api, files.settings(HEARTZONE_AUTH_CLIENT_CA_FILE=str(files.client_ca))) as port:
        assert (status(before), status(after)) == (202, 0)
        next_ca.cert_pem.write_to_path(files.client_ca)

        eventually(lambda: status(after) == 202, "the new CA")

        assert status(before) == 0


def test_any_other_method_may_be_combined_with_certificates(
    make_api: "type[Api]", files: Files, ca: trustme.CA, client_ca: trustme.CA, course_request: bytes
) -> None:
    client_ca.cert_pem.write_to_path(files.client_ca)
    keys = files.key.with_name("api-keys")
    keys.write_text(f"clinic sha256:{sha256(b'a-key').hexdigest()}")
    settings = files.settings(
        HEARTZONE_AUTH_CLIENT_CA_FILE=str(files.client_ca), HEARTZONE_AUTH_API_KEYS_FILE=str(keys)
    )
    certificate = client_ca.issue_cert("a.example", common_name="a")
    with served(make_api, settings) as port:
        with connected(port, ca) as connection:
            assert post(connection, course_request) == 401
            assert post(connection, course_request, **{"X-API-Key": "a-key"}) == 202
        with connected(port, ca, certificate) as connection:
            assert post(connection, course_request) == 202
            assert post(connection, course_request, **{"X-API-Key": "wrong"}) == 401, "no way past what was sent"


@pytest.mark.parametrize(
    ("peer", "name"),
    [
        pytest.param({"subject": ((("commonName", "a"),),)}, "a", id="common name"),
        pytest.param(
            {"subject": ((("organizationName", "o"),), (("commonName", "a"),)), "subjectAltName": (("DNS", "b"),)},
            "a",
            id="common name before others",
        ),
        pytest.param({"subjectAltName": (("DNS", "b"), ("URI", "spiffe://x/y"))}, "spiffe://x/y", id="SPIFFE"),
        pytest.param({"subjectAltName": (("DNS", "b"), ("DNS", "c"))}, "b", id="DNS"),
        pytest.param({"subject": ((("commonName", "a"),), (("commonName", "b"),))}, None, id="two names"),
        pytest.param({"subject": ((("commonName", "a"), ("commonName", "b")),)}, None, id="two names in one"),
        pytest.param({"subject": ((("commonName", ""),),)}, None, id="empty"),
        pytest.param({"subject": ((("commonName", "a" * 300),),)}, None, id="long"),
        pytest.param({}, None, id="none"),
    ],
)
def test_a_certificate_has_one_name_or_none(peer: dict[str, Any], name: str | None) -> None:
    certificate = client_certificate({**peer, "notAfter": EXPIRES})

    assert certificate is not None
    assert certificate.name == name
    if name is None:
        with pytest.raises(UnauthenticatedError):
            certificate.principal(0)


def test_a_connection_does_not_outlast_its_certificate_as_a_credential() -> None:
    certificate = ClientCertificate("a", expires=1000.0)

    assert certificate.principal(999.0).name == "a"
    with pytest.raises(UnauthenticatedError, match="expired"):
        certificate.principal(1000.0)


@pytest.mark.parametrize(
    ("spoil", "part"),
    [
        pytest.param(lambda files: files.key.unlink(), "HEARTZONE_TLS_CERTIFICATE_FILE", id="no key"),
        pytest.param(lambda files: files.issue_key(), "HEARTZONE_TLS_CERTIFICATE_FILE", id="another key"),
        pytest.param(lambda files: files.certificate.write_text("x"), "HEARTZONE_TLS_CERTIFICATE_FILE", id="no PEM"),
        pytest.param(lambda files: files.client_ca.write_text("x"), "HEARTZONE_AUTH_CLIENT_CA_FILE", id="no CA"),
    ],
)
def test_files_that_cannot_be_used_are_an_error_at_the_start(
    files: Files, client_ca: trustme.CA, spoil: Callable[[Files], object], part: str
) -> None:
    client_ca.cert_pem.write_to_path(files.client_ca)
    spoil(files)

    with pytest.raises(SettingsError, match=part):
        access.tls(files.settings(HEARTZONE_AUTH_CLIENT_CA_FILE=str(files.client_ca)))


@pytest.mark.parametrize(
    ("variables", "part"),
    [
        pytest.param({"HEARTZONE_TLS_KEY_FILE": "k"}, "go together", id="key alone"),
        pytest.param({"HEARTZONE_TLS_CERTIFICATE_FILE": "c"}, "go together", id="certificate alone"),
        pytest.param({"HEARTZONE_AUTH_CLIENT_CA_FILE": "c"}, "without HEARTZONE_TLS_CERTIFICATE_FILE", id="no TLS"),
    ],
)
def test_half_of_the_settings_is_an_error(variables: dict[str, str], part: str) -> None:
    with pytest.raises(SettingsError, match=part):
        load(ProducerSettings, {**NEEDED, **variables})
