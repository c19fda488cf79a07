from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient
from pydantic import Field, SecretStr, model_validator

from service_chassis.settings import ServiceSettings, SettingsError, load
from service_chassis.settings.documentation import settings_document
from service_chassis.settings.refused import REFUSED


class ExampleSettings(ServiceSettings):
    """Settings of a service that exists only here."""

    workers: int = Field(2, ge=1, description="How many.")
    token: SecretStr = Field(SecretStr("none"), min_length=4, description="Secret.")
    least: float = Field(0.0, description="At least.")
    most: float = Field(1.0, description="At most.")

    @model_validator(mode="after")
    def _least_below_most(self) -> "ExampleSettings":
        if self.least > self.most:
            raise ValueError("HEARTZONE_LEAST is above HEARTZONE_MOST")
        return self


def test_defaults(environment: pytest.MonkeyPatch) -> None:
    settings = load(ServiceSettings)

    assert (settings.management_port, settings.log_level, settings.log_format) == (9090, "info", "auto")
    assert settings.topics.raw == "RawBiometricsImported"
    assert settings.topics.biometrics == "BiometricsImported"
    assert settings.topics.zones == "HeartRateZoneReached"
    assert settings.topics.dead_letters == "BiometricsImported.dlq"


def test_fields_of_a_service_are_read_like_those_of_all(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("HEARTZONE_WORKERS", "7")
    environment.setenv("HEARTZONE_LOG_LEVEL", "DEBUG")
    environment.setenv("HEARTZONE_TOPIC_ZONES", "zones.v2")

    settings = load(ExampleSettings)

    assert (settings.workers, settings.log_level, settings.topics.zones) == (7, "debug", "zones.v2")


def test_properties_go_to_the_clients_that_know_them_and_a_side_wins(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("HEARTZONE_KAFKA_LINGER_MS", "7")
    environment.setenv("HEARTZONE_KAFKA_FETCH_MIN_BYTES", "8")
    environment.setenv("HEARTZONE_KAFKA_CLIENT_ID", "all")
    environment.setenv("HEARTZONE_KAFKA_CONSUMER_CLIENT_ID", "reads")
    environment.setenv("HEARTZONE_KAFKA_PRODUCER_COMPRESSION_TYPE", "zstd")
    kafka = load(ServiceSettings).kafka

    everywhere = {"bootstrap.servers": "kafka:9092"}
    assert kafka.consumer() == {**everywhere, "client.id": "reads", "fetch.min.bytes": "8"}
    assert kafka.producer() == {**everywhere, "client.id": "all", "linger.ms": "7", "compression.type": "zstd"}
    assert kafka.admin() == {**everywhere, "client.id": "all"}


def test_the_clients_take_their_properties_without_a_warning(
    environment: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    environment.setenv("HEARTZONE_KAFKA_LINGER_MS", "7")
    environment.setenv("HEARTZONE_KAFKA_FETCH_MIN_BYTES", "8")
    environment.setenv("HEARTZONE_KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    kafka = load(ServiceSettings).kafka

    # Nobody listens at the broker's address; only what the clients say of their configuration matters.
    Consumer({**kafka.consumer(), "group.id": "any", "log_level": 4}).close()
    Producer({**kafka.producer(), "log_level": 4})
    AdminClient({**kafka.admin(), "log_level": 4})

    assert "CONFWARN" not in capfd.readouterr().err


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        (
            "HEARTZONE_KAFKA_LINGERMS",
            "1",
            "librdkafka has no property lingerms; did you mean HEARTZONE_KAFKA_LINGER_MS?",
        ),
        (
            "HEARTZONE_KAFKA_CONSUMER_FETCH_MIN_BYTE",
            "1",
            "librdkafka has no property fetch.min.byte; did you mean HEARTZONE_KAFKA_CONSUMER_FETCH_MIN_BYTES?",
        ),
        ("HEARTZONE_KAFKA_", "1", "librdkafka has no property "),
        ("HEARTZONE_KAFKA_REBALANCE_CB", "1", "librdkafka has no property rebalance.cb"),
        ("HEARTZONE_KAFKA_CONSUMER_LINGER_MS", "1", "linger.ms is a producer's property"),
        ("HEARTZONE_KAFKA_PRODUCER_FETCH_MIN_BYTES", "1", "fetch.min.bytes is a consumer's property"),
        ("HEARTZONE_KAFKA_LINGER_MS", "soon", "'soon' is not a number from 0 to 900000"),
        ("HEARTZONE_KAFKA_LINGER_MS", "-1", "'-1' is not a number from 0 to 900000"),
        ("HEARTZONE_KAFKA_FETCH_MIN_BYTES", "1.5", "'1.5' is not an integer from 0 to 2147483647"),
        ("HEARTZONE_KAFKA_CHECK_CRCS", "yes", "'yes' is not true or false"),
        (
            "HEARTZONE_KAFKA_SECURITY_PROTOCOL",
            "TLS",
            "'TLS' is not one of plaintext, ssl, sasl_plaintext, sasl_ssl",
        ),
        ("HEARTZONE_KAFKA_SSL_CA_LOCATION", "/no/such/ca.pem", "'/no/such/ca.pem' is not an existing file"),
        (
            "HEARTZONE_SCHEMA_REGISTRY_ULR",
            "x",
            "the registry client has no property ulr; did you mean HEARTZONE_SCHEMA_",
        ),
        ("HEARTZONE_SCHEMA_REGISTRY_URL", "registry:8081", "an address does not start with http:// or https://"),
        ("HEARTZONE_SCHEMA_REGISTRY_URL", "http://me:hush@registry", "credentials do not belong in the address"),
        ("HEARTZONE_SCHEMA_REGISTRY_TIMEOUT", "nan", "'nan' is not a number from 0.1 to 60"),
        ("HEARTZONE_SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO", "hush", "the value is not of the form user:password"),
        ("HEARTZONE_SCHEMA_REGISTRY_SSL_KEY_PASSWORD", "hush", "SSL_CERTIFICATE_LOCATION is not set, but the key"),
        ("HEARTZONE_LOG_LEVL", "info", "is not a setting; did you mean HEARTZONE_LOG_LEVEL?"),
        ("HEARTZONE_TOPIC_ZONE", "x", "is not a setting; did you mean HEARTZONE_TOPIC_ZONES?"),
        ("HEARTZONE_TOPIC_OTHER", "x", "is not a setting; known are HEARTZONE_TOPIC_RAW, "),
        ("HEARTZONE_TOPIC_RAW", "a b", "is 'a b'; string should match pattern"),
        ("HEARTZONE_MANAGEMENT_PORT", "http", "is 'http'; input should be a valid integer"),
        ("HEARTZONE_MANAGEMENT_PORT", "65536", "is '65536'; input should be less than or equal to 65535"),
        ("HEARTZONE_LOG_FORMAT", "xml", "is 'xml'; input should be 'json', 'console' or 'auto'"),
        ("HEARTZONE_WORKERS", "0", "is '0'; input should be greater than or equal to 1"),
        ("HEARTZONE_LEAST", "2", "HEARTZONE_LEAST is above HEARTZONE_MOST"),
        ("HEARTZONE_SECRETS_DIR", "/no/such/folder", "/no/such/folder cannot be read (No such file or directory)"),
    ],
)
def test_a_setting_that_cannot_be_used_ends_in_a_sentence_that_names_it(
    environment: pytest.MonkeyPatch, variable: str, value: str, sentence: str
) -> None:
    environment.setenv(variable, value)

    with pytest.raises(SettingsError) as refused:
        load(ExampleSettings)

    text = str(refused.value)
    assert sentence in text
    assert text.startswith("HEARTZONE_")
    assert variable in text or "SSL_KEY" in variable
    assert "\n" not in text
    assert "hush" not in text


@pytest.mark.parametrize("name", REFUSED)
def test_properties_that_would_break_the_promise_are_refused_with_the_reason(
    environment: pytest.MonkeyPatch, name: str
) -> None:
    variable = f"HEARTZONE_KAFKA_{name.upper().replace('.', '_')}"
    environment.setenv(variable, "1")

    with pytest.raises(SettingsError) as refused:
        load(ServiceSettings)

    assert str(refused.value) == f"{variable}: {name} cannot be set: {REFUSED[name]}"


@pytest.mark.parametrize("variable", ["HEARTZONE_KAFKA_BOOTSTRAP_SERVERS", "HEARTZONE_SCHEMA_REGISTRY_URL"])
@pytest.mark.parametrize("value", [None, ""])
def test_what_is_required_and_not_set_is_asked_for(
    environment: pytest.MonkeyPatch, variable: str, value: str | None
) -> None:
    environment.delenv(variable) if value is None else environment.setenv(variable, value)

    with pytest.raises(SettingsError, match=f"^{variable} is not set; it takes "):
        load(ServiceSettings)


def test_files_hold_settings_and_the_environment_wins(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "HEARTZONE_KAFKA_SASL_PASSWORD").write_text("from-file\n")
    (tmp_path / "HEARTZONE_WORKERS").write_text("5")
    (tmp_path / "HEARTZONE_LOG_LEVEL").write_text("error\r\n")
    (tmp_path / "HEARTZONE_A_FOLDER").mkdir()
    (tmp_path / "other").write_bytes(b"\xff")
    environment.setenv("HEARTZONE_SECRETS_DIR", str(tmp_path))
    environment.setenv("HEARTZONE_WORKERS", "6")

    settings = load(ExampleSettings)

    assert settings.kafka.producer()["sasl.password"] == "from-file"
    assert (settings.workers, settings.log_level) == (6, "error")


def test_a_file_that_is_not_text_is_refused(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "HEARTZONE_KAFKA_SASL_PASSWORD").write_bytes(b"\xff\xfe")
    environment.setenv("HEARTZONE_SECRETS_DIR", str(tmp_path))

    with pytest.raises(SettingsError, match=r"HEARTZONE_SECRETS_DIR: a file in .* is not UTF-8 text"):
        load(ServiceSettings)


def test_what_kubernetes_says_of_services_is_no_setting(environment: pytest.MonkeyPatch) -> None:
    for name, value in {
        "HEARTZONE_KAFKA_SERVICE_HOST": "10.0.0.1",
        "HEARTZONE_KAFKA_SERVICE_PORT": "9092",
        "HEARTZONE_KAFKA_SERVICE_PORT_TLS": "9093",
        "HEARTZONE_KAFKA_PORT": "tcp://10.0.0.1:9092",
        "HEARTZONE_KAFKA_PORT_9092_TCP": "tcp://10.0.0.1:9092",
        "HEARTZONE_KAFKA_PORT_9092_TCP_ADDR": "10.0.0.1",
        "HEARTZONE_SCHEMA_REGISTRY_PORT": "tcp://10.0.0.2:8081",
        "HEARTZONE_MANAGEMENT_PORT": "tcp://10.0.0.3:9090",
    }.items():
        environment.setenv(name, value)

    settings = load(ServiceSettings)

    assert settings.kafka.admin() == {"bootstrap.servers": "kafka:9092"}
    assert settings.management_port == 9090


def test_variables_of_other_services_are_no_mistake(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("HEARTZONE_HTTP_PORT", "8080")

    load(ServiceSettings)


def test_secrets_show_nowhere(environment: pytest.MonkeyPatch) -> None:
    for name in (
        "HEARTZONE_KAFKA_SASL_PASSWORD",
        "HEARTZONE_KAFKA_CONSUMER_SSL_KEY_PASSWORD",
        "HEARTZONE_KAFKA_PRODUCER_SSL_KEY_PEM",
        "HEARTZONE_KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET",
        "HEARTZONE_SCHEMA_REGISTRY_BEARER_AUTH_TOKEN",
        "HEARTZONE_TOKEN",
    ):
        environment.setenv(name, "hush-hush")
    environment.setenv("HEARTZONE_SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO", "me:hush-hush")

    settings = load(ExampleSettings)

    for shown in (repr(settings), str(settings), repr(settings.kafka), str(settings.schema_registry)):
        assert "hush" not in shown
    assert "kafka:9092" in repr(settings)
    assert settings.schema_registry.client_config()["basic.auth.user.info"] == "me:hush-hush"


def test_a_secret_that_cannot_be_used_is_not_quoted(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("HEARTZONE_TOKEN", "psh")

    with pytest.raises(SettingsError, match=r"^HEARTZONE_TOKEN: value should have at least 4") as refused:
        load(ExampleSettings)

    assert "psh" not in str(refused.value)


def test_the_registry_client_is_given_numbers_as_numbers(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("HEARTZONE_SCHEMA_REGISTRY_TIMEOUT", "2.5")
    environment.setenv("HEARTZONE_SCHEMA_REGISTRY_MAX_RETRIES", "4")
    environment.setenv("HEARTZONE_SCHEMA_REGISTRY_BEARER_AUTH_CREDENTIALS_SOURCE", "static_token")

    assert load(ServiceSettings).schema_registry.client_config() == {
        "url": "http://registry:8081",
        "timeout": 2.5,
        "max.retries": 4,
        "bearer.auth.credentials.source": "STATIC_TOKEN",
    }


def test_every_setting_is_documented() -> None:
    document = settings_document({"Example": ExampleSettings})

    assert "| `HEARTZONE_WORKERS` | integer ≥ 1 | `2` | How many. |" in document
    assert "| `HEARTZONE_TOKEN` | text |  | Secret. |" in document
    assert document.count("`HEARTZONE_LOG_LEVEL`") == 1


def test_a_setting_without_a_description_is_an_error() -> None:
    class Undocumented(ServiceSettings):
        """A service whose author forgot something."""

        mystery: int = 1

    with pytest.raises(ValueError, match="HEARTZONE_MYSTERY has no description"):
        settings_document({"Undocumented": Undocumented})
