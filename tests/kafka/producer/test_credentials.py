"""TLS, SASL and basic auth as the original has them: right ones work, wrong ones are logged once, without secrets."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from embedded_kafka import EmbeddedKafka, EmbeddedRegistry
from embedded_kafka.broker.security import Security
from heartzone_testing.brokers.testbed import Testbed
from heartzone_testing.services.pipeline import Pipeline
from heartzone_testing.services.web_api import COURSE_REQUEST, web_api
from heartzone_testing.waiting import eventually

PASSWORD = "right-Pa55word"
WRONG = "wrong-Pa55word"


@pytest.fixture(scope="module")
def secured_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedKafka]:
    with EmbeddedKafka(
        security=Security(users={"heartzone": PASSWORD}), log_dir=tmp_path_factory.mktemp("secured-kafka")
    ) as kafka:
        yield kafka


@pytest.fixture(scope="module")
def secured_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedRegistry]:
    with EmbeddedRegistry(
        basic_auth=("heartzone", PASSWORD), log_dir=tmp_path_factory.mktemp("secured-registry")
    ) as registry:
        yield registry


@pytest.fixture
def settings(secured_kafka: EmbeddedKafka, secured_registry: EmbeddedRegistry, tmp_path: Path) -> dict[str, str]:
    pipeline = Pipeline(Testbed(secured_kafka.client_config()), secured_registry.client_config(), tmp_path, 1)
    kafka = secured_kafka.client_config("SASL_SSL")
    variables = {f"HEARTZONE_KAFKA_{name.upper().replace('.', '_')}": value for name, value in kafka.items()}
    return {
        **pipeline.environment,
        **variables,
        "HEARTZONE_SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO": f"heartzone:{PASSWORD}",
    }


def test_right_credentials_work(settings: dict[str, str], tmp_path: Path) -> None:
    with web_api(tmp_path, settings) as api:
        api.wait_until_ready()

        assert api.post(COURSE_REQUEST).status == 202
        assert PASSWORD not in api.log()


@pytest.mark.parametrize(
    ("variable", "value", "reason"),
    [
        pytest.param("HEARTZONE_KAFKA_SASL_PASSWORD", WRONG, "the broker rejected the credentials", id="broker"),
        pytest.param(
            "HEARTZONE_SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO", f"heartzone:{WRONG}", "registry rejected", id="registry"
        ),
    ],
)
def test_wrong_credentials_leave_it_not_ready(
    settings: dict[str, str], tmp_path: Path, variable: str, value: str, reason: str
) -> None:
    with web_api(tmp_path, {**settings, variable: value}) as api:
        eventually(lambda: reason in api.get("/readyz").json["reason"], "the reason in /readyz", 30)

        assert api.get("/readyz").status == 503
        assert api.post(COURSE_REQUEST).status == 503
        assert api.get("/livez").status == 200
        logged = [event for event in api.events("check_failed") if reason in event["reason"]]
        assert len(logged) == 1, "once, not at each attempt"
        assert WRONG not in api.log()
        assert PASSWORD not in api.log()
