"""The process itself with API keys and TLS: no broker is there, so what would be stored is a 503."""

import json
import ssl
from collections.abc import Iterator
from hashlib import sha256
from http.client import HTTPSConnection
from pathlib import Path

import pytest
import trustme

from heartzone_testing.services.service_process import ServiceProcess
from heartzone_testing.services.web_api import COURSE_REQUEST, web_api
from heartzone_testing.waiting import eventually

KEY, NEXT_KEY = "hz_0123456789abcdef", "hz_fedcba9876543210"
CA = trustme.CA()


def line(key: str) -> str:
    return f"clinic sha256:{sha256(key.encode()).hexdigest()}\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("authenticated")
    (made / "api-keys").write_text(line(KEY))
    certificate = CA.issue_cert("localhost")
    certificate.private_key_and_cert_chain_pem.write_to_path(made / "tls.pem")
    return made


@pytest.fixture(scope="module")
def api(folder: Path) -> Iterator[ServiceProcess]:
    settings = {
        "HEARTZONE_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "HEARTZONE_SCHEMA_REGISTRY_URL": "http://127.0.0.1:1",
        "HEARTZONE_LOG_LEVEL": "debug",
        "HEARTZONE_AUTH_API_KEYS_FILE": str(folder / "api-keys"),
        "HEARTZONE_TLS_CERTIFICATE_FILE": str(folder / "tls.pem"),
        "HEARTZONE_TLS_KEY_FILE": str(folder / "tls.pem"),
    }
    with web_api(folder, settings) as running:
        yield running


def status(api: ServiceProcess, key: str | None) -> int:
    context = ssl.create_default_context()
    CA.configure_trust(context)
    connection = HTTPSConnection("localhost", api.http_port, context=context, timeout=15)
    try:
        headers = {"Content-Type": "application/json"} | ({} if key is None else {"X-API-Key": key})
        connection.request("POST", "/biometrics", COURSE_REQUEST, headers)
        return connection.getresponse().status
    finally:
        connection.close()


def test_only_who_has_a_key_gets_as_far_as_the_broker(api: ServiceProcess) -> None:
    assert (status(api, KEY), status(api, "hz_wrong"), status(api, None)) == (503, 401, 401)


def test_a_key_is_replaced_without_an_interruption(api: ServiceProcess, folder: Path) -> None:
    file = folder / "api-keys"
    file.write_text(line(KEY) + line(NEXT_KEY))
    eventually(lambda: status(api, NEXT_KEY) == 503, "the second key")
    assert status(api, KEY) == 503

    file.write_text(line(NEXT_KEY))
    eventually(lambda: status(api, KEY) == 401, "the first key to be withdrawn")
    assert status(api, NEXT_KEY) == 503


def test_the_log_says_what_is_on_and_has_no_credential(api: ServiceProcess, folder: Path) -> None:
    assert status(api, "hz_wrong") == 401
    (folder / "api-keys").write_text(f"clinic {KEY}\n")
    eventually(lambda: status(api, "hz_wrong") == 401 and api.events("files_not_usable"), "a mistake in the file")

    (listening,) = api.events("api_listening")
    assert (listening["tls"], listening["authentication"]) == (True, ["apiKey"])
    assert api.events("request_handled")
    assert "hz_" not in api.log()
    assert sha256(KEY.encode()).hexdigest() not in json.dumps(api.events("files_not_usable"))
