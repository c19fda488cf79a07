"""The settings of services that `up` starts: those of a container, and none of another cluster."""

import pytest

from heartzone_cli.errors import CannotRunError
from heartzone_cli.up.ports import Ports
from heartzone_cli.up.services import check_settings, producer, zone_workers

PORTS = Ports(api=8080, kafka=9092, registry=8081, producer_metrics=9100, worker_metrics=(9101, 9102))
REGISTRY = "http://127.0.0.1:8081/apis/ccompat/v7"


def test_the_web_api_gets_its_ports_and_the_addresses_of_kafka_and_the_registry() -> None:
    assert producer(PORTS, REGISTRY).environment({}) == {
        "HEARTZONE_HTTP_PORT": "8080",
        "HEARTZONE_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9092",
        "HEARTZONE_SCHEMA_REGISTRY_URL": REGISTRY,
        "HEARTZONE_MANAGEMENT_PORT": "9100",
        "HEARTZONE_LOG_FORMAT": "json",
    }


def test_each_worker_has_a_stable_transactional_id_and_a_management_port_of_its_own() -> None:
    workers = zone_workers(PORTS, REGISTRY)

    assert [each.name for each in workers] == ["zone-worker-0", "zone-worker-1"]
    assert [each.settings["HEARTZONE_TRANSACTIONAL_ID"] for each in workers] == ["zone-worker-0", "zone-worker-1"]
    assert [each.settings["HEARTZONE_MANAGEMENT_PORT"] for each in workers] == ["9101", "9102"]


def test_settings_of_another_cluster_do_not_reach_a_service_and_tuning_does() -> None:
    (worker, _) = zone_workers(PORTS, REGISTRY)
    shell = {
        "PATH": "/bin",
        "HEARTZONE_KAFKA_BOOTSTRAP_SERVERS": "prod:9093",
        "HEARTZONE_KAFKA_SASL_PASSWORD": "secret",
        "HEARTZONE_SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO": "a:b",
        "HEARTZONE_SECRETS_DIR": "/run/secrets",
        "HEARTZONE_GROUP_ID": "blue",
        "HEARTZONE_TOPIC_ZONES": "other",
        "HEARTZONE_TRANSACTIONAL_ID": "other",
        "HEARTZONE_TRANSACTION_MAX_RECORDS": "10",
    }

    inherited = worker.environment(shell).items() - worker.settings.items()

    assert inherited == {("PATH", "/bin"), ("HEARTZONE_TRANSACTION_MAX_RECORDS", "10")}


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        pytest.param("HEARTZONE_TRANSACTION_MAX_AGE", "61", id="of the workers"),
        pytest.param("HEARTZONE_HTTP_BODY_LIMIT", "1", id="of the web API"),
        pytest.param("HEARTZONE_LOG_LEVL", "info", id="misspelt"),
    ],
)
def test_an_invalid_setting_of_a_service_is_reported_before_anything_starts(variable: str, value: str) -> None:
    with pytest.raises(CannotRunError, match=rf"^{variable} .*[^.?][.?]$"):
        check_settings(PORTS, {variable: value})


def test_variables_that_no_service_gets_are_returned() -> None:
    shell = {
        "PATH": "/bin",
        "HEARTZONE_AUTH_API_KEYS_FILE": "/run/keys",
        "HEARTZONE_KAFKA_LINGERMS": "no property at all",
        "HEARTZONE_GROUP_ID": "blue",
        "HEARTZONE_HTTP_PORT": "80",
        "HEARTZONE_SECRETS_DIR": "",
        "HEARTZONE_TRANSACTION_MAX_RECORDS": "10",
    }

    assert check_settings(PORTS, shell) == [
        "HEARTZONE_AUTH_API_KEYS_FILE",
        "HEARTZONE_GROUP_ID",
        "HEARTZONE_HTTP_PORT",
        "HEARTZONE_KAFKA_LINGERMS",
    ]


def test_anyone_of_this_machine_may_send_to_the_web_api_that_up_starts() -> None:
    shell = {
        "HEARTZONE_AUTH_API_KEYS_FILE": "/run/keys",
        "HEARTZONE_RATE_LIMIT_ADDRESS": "1/hour",
        "HEARTZONE_TLS_CERTIFICATE_FILE": "/run/tls.crt",
    }
    service = producer(PORTS, REGISTRY)

    assert service.environment(shell) == service.environment({})
