"""TLS and SASL listeners accept clients with the right credentials, and no others."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx2
import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.schema_registry import SchemaRegistryClient

from embedded_kafka import EmbeddedKafka, EmbeddedRegistry, Security
from embedded_kafka.broker.security import Mechanism

USERS = {"alice": 'wonder "land" \\ $x', "bob": "builder"}


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedKafka]:
    kafka = EmbeddedKafka(
        security=Security(users=USERS, client_certificates=True), log_dir=tmp_path_factory.mktemp("logs")
    )
    with kafka:
        yield kafka


def gets_in(config: Mapping[str, str]) -> bool:
    try:
        AdminClient({**config, "log_level": 0}).list_topics(timeout=5)
    except KafkaException:
        return False
    return True


@pytest.mark.parametrize("username", USERS)
@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512"])
def test_a_user_with_the_right_password_gets_in(secured: EmbeddedKafka, username: str, mechanism: Mechanism) -> None:
    assert gets_in(secured.client_config("SASL_SSL", username=username, mechanism=mechanism))


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512"])
@pytest.mark.parametrize("wrong", ["sasl.password", "sasl.username"])
def test_wrong_credentials_do_not_get_in(secured: EmbeddedKafka, wrong: str, mechanism: Mechanism) -> None:
    config = secured.client_config("SASL_SSL", mechanism=mechanism)

    assert not gets_in({**config, wrong: "wrong"})


def test_a_client_that_does_not_know_our_authority_does_not_trust_the_server(
    secured: EmbeddedKafka, tmp_path: Path
) -> None:
    config = secured.client_config("SASL_SSL")
    del config["ssl.ca.location"]

    assert not gets_in(config)


def test_mutual_tls_demands_a_certificate_of_ours(secured: EmbeddedKafka) -> None:
    config = secured.client_config("SSL")
    without = {
        key: value for key, value in config.items() if key not in ("ssl.key.location", "ssl.certificate.location")
    }

    assert gets_in(config)
    assert not gets_in(without)


def test_certificates_stay_the_same_over_a_restart(tmp_path: Path) -> None:
    with EmbeddedKafka(data_dir=tmp_path, security=Security()) as kafka:
        authority = Path(kafka.client_config("SSL")["ssl.ca.location"])
        before = authority.read_bytes()
        assert gets_in(kafka.client_config("SSL"))

    with EmbeddedKafka(data_dir=tmp_path, security=Security()) as kafka:
        assert authority.read_bytes() == before
        assert gets_in(kafka.client_config("SSL"))


def test_a_protocol_or_user_that_there_is_not_is_a_mistake_of_the_caller(
    secured: EmbeddedKafka, embedded_kafka: EmbeddedKafka
) -> None:
    with pytest.raises(ValueError, match="there is no user 'carol': this cluster knows alice, bob"):
        secured.client_config("SASL_SSL", username="carol")
    with pytest.raises(ValueError, match="there is no SSL listener"):
        embedded_kafka.client_config("SSL")


def test_passwords_are_in_no_log(secured: EmbeddedKafka) -> None:
    assert gets_in(secured.client_config("SASL_SSL"))
    log = secured.nodes[0].log_file.read_text()

    assert not [password for password in USERS.values() if password in log]


def subjects(config: Mapping[str, str]) -> list[str]:
    with SchemaRegistryClient({**config, "max.retries": 0}) as client:
        found: list[str] = client.get_subjects()
        return found


def test_a_registry_behind_tls_responds_to_clients_that_trust_its_authority_over_a_restart(
    secured: EmbeddedKafka, tmp_path: Path
) -> None:
    with EmbeddedRegistry(tls=True, basic_auth=("alice", "secret"), data_dir=tmp_path) as registry:
        config = registry.client_config()
        assert registry.url.startswith("https://127.0.0.1:")
        assert subjects(config) == []
        with pytest.raises(httpx2.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            subjects({**config, "ssl.ca.location": secured.client_config("SSL")["ssl.ca.location"]})
        with pytest.raises(httpx2.RemoteProtocolError):
            subjects({**config, "url": config["url"].replace("https", "http")})

        registry.kill()
        registry.start()
        assert subjects(config) == []
