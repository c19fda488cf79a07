"""SASL_SSL with PLAIN and a registry with basic authentication over TLS, as the original has them."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from embedded_kafka import EmbeddedKafka, EmbeddedRegistry, Security
from embedded_kafka.certificates import ensure_certificates
from heartzone_testing.brokers.testbed import Testbed
from heartzone_testing.services.environment import as_settings
from heartzone_testing.services.pipeline import Pipeline
from heartzone_testing.services.service_process import ServiceProcess
from heartzone_testing.waiting import eventually

USER, PASSWORD = "heartzone", "correct-horse-1"
REGISTRY_USER, REGISTRY_PASSWORD = "schemas", "battery-staple-2"
WRONG = "wrong-password-3"
DEVICE = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
SECRETS = (PASSWORD, REGISTRY_PASSWORD, WRONG)

WRONG_KAFKA_PASSWORD = {"HEARTZONE_KAFKA_SASL_PASSWORD": WRONG}
WRONG_REGISTRY_PASSWORD = {"HEARTZONE_SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO": f"{REGISTRY_USER}:{WRONG}"}


@pytest.fixture(scope="module")
def secured_kafka() -> Iterator[EmbeddedKafka]:
    with EmbeddedKafka(security=Security(users={USER: PASSWORD})) as kafka:
        yield kafka


@pytest.fixture(scope="module")
def secured_registry() -> Iterator[EmbeddedRegistry]:
    with EmbeddedRegistry(basic_auth=(REGISTRY_USER, REGISTRY_PASSWORD), tls=True) as registry:
        yield registry


@pytest.fixture
def pipeline(secured_kafka: EmbeddedKafka, secured_registry: EmbeddedRegistry, tmp_path: Path) -> Pipeline:
    """Topics and subjects behind TLS, SASL and basic authentication; services get the right credentials."""
    connection = secured_kafka.client_config("SASL_SSL", username=USER)
    made = Pipeline(Testbed({**connection}), secured_registry.client_config(), tmp_path, partitions=1)
    made.environment |= as_settings("KAFKA", connection)
    made.environment |= as_settings("SCHEMA_REGISTRY", secured_registry.client_config())
    return made


def assert_no_secret(service: ServiceProcess) -> None:
    log = service.process.log()
    assert log != ""
    assert [secret for secret in SECRETS if secret in log] == []


def post(port: int) -> int:
    body = {"deviceId": DEVICE, "heartRates": [{"dateTime": "2022-12-02T13:50:00Z", "value": 150}], "maxHeartRate": 200}
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/biometrics", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            status: int = response.status
            return status
    except urllib.error.HTTPError as error:
        return error.code


def test_right_credentials_carry_a_reading_through_api_and_worker(pipeline: Pipeline) -> None:
    with pipeline.worker() as worker, pipeline.producer() as api:
        api.wait_until_ready()

        assert post(api.http_port) == 202
        eventually(lambda: len(pipeline.kafka.read(pipeline.zones)) == 1, "the zone of the reading")

        assert_no_secret(worker)
        assert_no_secret(api)


@pytest.mark.parametrize(
    ("settings", "variable"),
    [
        pytest.param(WRONG_KAFKA_PASSWORD, "HEARTZONE_KAFKA_SASL_PASSWORD", id="kafka-password"),
        pytest.param({"HEARTZONE_KAFKA_SASL_USERNAME": "nobody"}, "HEARTZONE_KAFKA_SASL_USERNAME", id="kafka-user"),
        pytest.param(WRONG_REGISTRY_PASSWORD, "HEARTZONE_SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO", id="registry-password"),
    ],
)
def test_wrong_credentials_end_the_worker_with_one_sentence_and_exit_code_2(
    pipeline: Pipeline, settings: dict[str, str], variable: str
) -> None:
    with pipeline.worker(settings=settings) as worker:
        assert worker.process.wait(60) == 2
        last = worker.process.tail(1)

        assert last.startswith("heartzone-zone-worker: ")
        assert variable in last
        assert worker.process.log().count("heartzone-zone-worker: ") == 1
        assert_no_secret(worker)


def test_an_authority_that_did_not_sign_the_broker_ends_the_worker_with_exit_code_2(
    pipeline: Pipeline, embedded_kafka_factory: Callable[..., EmbeddedKafka]
) -> None:
    other = embedded_kafka_factory(security=Security()).client_config("SSL")["ssl.ca.location"]

    with pipeline.worker(settings={"HEARTZONE_KAFKA_SSL_CA_LOCATION": other}) as worker:
        assert worker.process.wait(60) == 2
        assert "HEARTZONE_KAFKA_SSL_CA_LOCATION" in worker.process.tail(1)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        pytest.param(WRONG_KAFKA_PASSWORD, "the broker rejected the credentials", id="kafka-password"),
        pytest.param(WRONG_REGISTRY_PASSWORD, "the schema registry rejected", id="registry-password"),
    ],
)
def test_wrong_credentials_leave_the_api_up_but_not_ready_and_responding_with_503(
    pipeline: Pipeline, settings: dict[str, str], reason: str
) -> None:
    with pipeline.producer(settings) as api:
        eventually(lambda: reason in api.get("/readyz").text, "the reason on /readyz")
        assert api.get("/readyz").status == 503
        assert api.get("/livez").status == 200
        assert post(api.http_port) == 503
        assert_no_secret(api)


def test_a_registry_whose_certificate_is_not_trusted_keeps_the_api_from_being_ready_and_says_why(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    stranger = ensure_certificates(tmp_path / "stranger").ca

    with pipeline.producer({"HEARTZONE_SCHEMA_REGISTRY_SSL_CA_LOCATION": str(stranger)}) as api:
        eventually(lambda: "certificate verify failed" in api.get("/readyz").text, "the reason on /readyz")
        assert api.get("/readyz").status == 503
        assert post(api.http_port) == 503
