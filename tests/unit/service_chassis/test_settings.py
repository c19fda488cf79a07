from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient
from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from service_chassis.settings import ServiceSettings, SettingsError, load
from service_chassis.settings.documentation import settings_document


class PlainSettings(ServiceSettings, env_prefix="THING_"):
    """Settings of a service that has none of its own."""


class TopicSettings(BaseModel):
    """A group of settings."""

    model_config = ConfigDict(extra="forbid")

    raw: str = Field("things", pattern=r"^[a-zA-Z0-9._-]+$", description="Topic of things.")
    zones: str = Field("zones", description="Topic of zones.")
    dead_letters: str = Field("dead", description="Topic of dead letters.")


class ExampleSettings(ServiceSettings, env_prefix="THING_"):
    """Settings of a service that exists only here."""

    refused_properties: ClassVar[Mapping[str, str]] = {"acks": "a thing counts when all replicas have it"}
    refused_by_others = frozenset({"acks", "group.id"})

    topic: TopicSettings = Field(default_factory=TopicSettings)
    workers: int = Field(2, ge=1, description="How many.")
    token: SecretStr = Field(SecretStr("none"), min_length=4, description="Secret.")
    least: float = Field(0.0, description="At least.")
    most: float = Field(1.0, description="At most.")

    @model_validator(mode="after")
    def _least_below_most(self) -> "ExampleSettings":
        if self.least > self.most:
            raise ValueError("THING_LEAST is above THING_MOST")
        return self


def test_defaults(environment: pytest.MonkeyPatch) -> None:
    settings = load(PlainSettings)

    assert (settings.management_port, settings.log_level, settings.log_format) == (9090, "info", "auto")


def test_defaults_of_a_group() -> None:
    environment = {"THING_KAFKA_BOOTSTRAP_SERVERS": "kafka:9092", "THING_SCHEMA_REGISTRY_URL": "http://registry:8081"}

    settings = load(ExampleSettings, environment)

    assert settings.topic == TopicSettings(raw="things", zones="zones", dead_letters="dead")


def test_fields_of_a_service_are_read_like_those_of_all(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("THING_WORKERS", "7")
    environment.setenv("THING_LOG_LEVEL", "DEBUG")
    environment.setenv("THING_TOPIC_ZONES", "zones.v2")
    environment.setenv("THING_TOPIC_DEAD_LETTERS", "dead.v2")

    settings = load(ExampleSettings)

    assert (settings.workers, settings.log_level) == (7, "debug")
    assert settings.topic == TopicSettings(zones="zones.v2", dead_letters="dead.v2")


def test_properties_go_to_the_clients_that_know_them_and_a_side_wins(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("THING_KAFKA_LINGER_MS", "7")
    environment.setenv("THING_KAFKA_FETCH_MIN_BYTES", "8")
    environment.setenv("THING_KAFKA_CLIENT_ID", "all")
    environment.setenv("THING_KAFKA_CONSUMER_CLIENT_ID", "reads")
    environment.setenv("THING_KAFKA_PRODUCER_COMPRESSION_TYPE", "zstd")
    kafka = load(PlainSettings).kafka

    everywhere = {"bootstrap.servers": "kafka:9092"}
    assert kafka.consumer() == {**everywhere, "client.id": "reads", "fetch.min.bytes": "8"}
    assert kafka.producer() == {**everywhere, "client.id": "all", "linger.ms": "7", "compression.type": "zstd"}
    assert kafka.admin() == {**everywhere, "client.id": "all"}


def test_the_clients_take_their_properties_without_a_warning(
    environment: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    environment.setenv("THING_KAFKA_LINGER_MS", "7")
    environment.setenv("THING_KAFKA_FETCH_MIN_BYTES", "8")
    environment.setenv("THING_KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    kafka = load(PlainSettings).kafka

    # Nobody listens at the broker's address; only what the clients say of their configuration matters.
    Consumer({**kafka.consumer(), "group.id": "any", "log_level": 4}).close()
    Producer({**kafka.producer(), "log_level": 4})
    AdminClient({**kafka.admin(), "log_level": 4})

    assert "CONFWARN" not in capfd.readouterr().err


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        (
            "THING_KAFKA_LINGERMS",
            "1",
            "librdkafka has no property lingerms; did you mean THING_KAFKA_LINGER_MS?",
        ),
        (
            "THING_KAFKA_CONSUMER_FETCH_MIN_BYTE",
            "1",
            "librdkafka has no property fetch.min.byte; did you mean THING_KAFKA_CONSUMER_FETCH_MIN_BYTES?",
        ),
        ("THING_KAFKA_", "1", "librdkafka has no property "),
        ("THING_KAFKA_REBALANCE_CB", "1", "librdkafka has no property rebalance.cb"),
        ("THING_KAFKA_CONSUMER_LINGER_MS", "1", "linger.ms is a producer's property"),
        ("THING_KAFKA_PRODUCER_FETCH_MIN_BYTES", "1", "fetch.min.bytes is a consumer's property"),
        ("THING_KAFKA_LINGER_MS", "soon", "'soon' is not a number from 0 to 900000"),
        ("THING_KAFKA_LINGER_MS", "-1", "'-1' is not a number from 0 to 900000"),
        ("THING_KAFKA_FETCH_MIN_BYTES", "1.5", "'1.5' is not an integer from 0 to 2147483647"),
        ("THING_KAFKA_CHECK_CRCS", "yes", "'yes' is not true or false"),
        (
            "THING_KAFKA_SECURITY_PROTOCOL",
            "TLS",
            "'TLS' is not one of plaintext, ssl, sasl_plaintext, sasl_ssl",
        ),
        (
            "THING_KAFKA_SASL_OAUTHBEARER_METADATA_AUTHENTICATION_TYPE",
            "aws_iam",
            "aws_iam cannot be used: tokens of AWS take a package that is not part of this program",
        ),
        ("THING_KAFKA_SSL_CA_LOCATION", "/no/such/ca.pem", "'/no/such/ca.pem' is not an existing file"),
        (
            "THING_SCHEMA_REGISTRY_ULR",
            "x",
            "the registry client has no property ulr; did you mean THING_SCHEMA_",
        ),
        ("THING_SCHEMA_REGISTRY_URL", "registry:8081", "an address does not start with http:// or https://"),
        ("THING_SCHEMA_REGISTRY_URL", "http://me:hush@registry", "credentials do not belong in the address"),
        ("THING_SCHEMA_REGISTRY_TIMEOUT", "nan", "'nan' is not a number from 0.1 to 60"),
        ("THING_SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO", "hush", "the value is not of the form user:password"),
        ("THING_SCHEMA_REGISTRY_BASIC_AUTH_USERNAME", "me", "BASIC_AUTH_PASSWORD is not set"),
        ("THING_SCHEMA_REGISTRY_BASIC_AUTH_PASSWORD", "hush", "BASIC_AUTH_USERNAME is not set"),
        ("THING_SCHEMA_REGISTRY_SSL_KEY_PASSWORD", "hush", "SSL_CERTIFICATE_LOCATION is not set, but the key"),
        ("THING_LOG_LEVL", "info", "is not a setting; did you mean THING_LOG_LEVEL?"),
        ("THING_TOPIC_ZONE", "x", "is not a setting; did you mean THING_TOPIC_ZONES?"),
        ("THING_TOPIC_OTHER", "x", "is not a setting; known are THING_TOPIC_RAW, "),
        ("THING_TOPIC_RAW", "a b", "is 'a b'; string should match pattern"),
        ("THING_MANAGEMENT_PORT", "http", "is 'http'; input should be a valid integer"),
        ("THING_MANAGEMENT_PORT", "65536", "is '65536'; input should be less than or equal to 65535"),
        ("THING_LOG_FORMAT", "xml", "is 'xml'; input should be 'json', 'console' or 'auto'"),
        ("THING_WORKERS", "0", "is '0'; input should be greater than or equal to 1"),
        ("THING_LEAST", "2", "THING_LEAST is above THING_MOST"),
        ("THING_SECRETS_DIR", "/no/such/folder", "/no/such/folder cannot be read (No such file or directory)"),
    ],
)
def test_a_setting_that_cannot_be_used_ends_in_a_sentence_that_names_it(
    environment: pytest.MonkeyPatch, variable: str, value: str, sentence: str
) -> None:
    environment.setenv(variable, value)

    with pytest.raises(SettingsError) as raised:
        load(ExampleSettings)

    text = str(raised.value)
    assert sentence in text
    assert text.startswith("THING_")
    assert variable in text or "SSL_KEY" in variable
    assert "\n" not in text
    assert "hush" not in text


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        pytest.param("acks", "a thing counts when all replicas have it", id="its-own"),
        pytest.param("group.id", "another service that reads the same environment sets it itself", id="of-others"),
    ],
)
@pytest.mark.parametrize("side", ["", "CONSUMER_", "PRODUCER_"])
def test_refused_properties_are_reported_with_the_reason(
    environment: pytest.MonkeyPatch, side: str, name: str, reason: str
) -> None:
    variable = f"THING_KAFKA_{side}{name.upper().replace('.', '_')}"
    environment.setenv(variable, "1")

    with pytest.raises(SettingsError) as raised:
        load(ExampleSettings)

    assert str(raised.value) == f"{variable}: {name} cannot be set: {reason}"


def test_a_service_that_refuses_nothing_passes_every_property_on(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("THING_KAFKA_ACKS", "1")

    assert load(PlainSettings).kafka.producer()["acks"] == "1"


@pytest.mark.parametrize("variable", ["THING_KAFKA_BOOTSTRAP_SERVERS", "THING_SCHEMA_REGISTRY_URL"])
@pytest.mark.parametrize("value", [None, ""])
def test_what_is_required_and_not_set_is_named(
    environment: pytest.MonkeyPatch, variable: str, value: str | None
) -> None:
    environment.delenv(variable) if value is None else environment.setenv(variable, value)

    with pytest.raises(SettingsError, match=f"^{variable} is not set; it takes "):
        load(PlainSettings)


def test_files_hold_settings_and_the_environment_wins(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "THING_KAFKA_SASL_PASSWORD").write_text("from-file\n")
    (tmp_path / "THING_WORKERS").write_text("5")
    (tmp_path / "THING_LOG_LEVEL").write_text("error\r\n")
    (tmp_path / "THING_A_FOLDER").mkdir()
    (tmp_path / "other").write_bytes(b"\xff")
    environment.setenv("THING_SECRETS_DIR", str(tmp_path))
    environment.setenv("THING_WORKERS", "6")

    settings = load(ExampleSettings)

    assert settings.kafka.producer()["sasl.password"] == "from-file"
    assert (settings.workers, settings.log_level) == (6, "error")


def test_a_file_that_is_not_text_cannot_be_used(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "THING_KAFKA_SASL_PASSWORD").write_bytes(b"\xff\xfe")
    environment.setenv("THING_SECRETS_DIR", str(tmp_path))

    with pytest.raises(SettingsError, match=r"THING_SECRETS_DIR: a file in .* is not UTF-8 text"):
        load(PlainSettings)


def test_variables_that_kubernetes_sets_for_services_are_no_settings(environment: pytest.MonkeyPatch) -> None:
    for name, value in {
        "THING_KAFKA_SERVICE_HOST": "10.0.0.1",
        "THING_KAFKA_SERVICE_PORT": "9092",
        "THING_KAFKA_SERVICE_PORT_TLS": "9093",
        "THING_KAFKA_PORT": "tcp://10.0.0.1:9092",
        "THING_KAFKA_PORT_9092_TCP": "tcp://10.0.0.1:9092",
        "THING_KAFKA_PORT_9092_TCP_ADDR": "10.0.0.1",
        "THING_SCHEMA_REGISTRY_PORT": "tcp://10.0.0.2:8081",
        "THING_MANAGEMENT_PORT": "tcp://10.0.0.3:9090",
    }.items():
        environment.setenv(name, value)

    settings = load(PlainSettings)

    assert settings.kafka.admin() == {"bootstrap.servers": "kafka:9092"}
    assert settings.management_port == 9090


def test_variables_of_other_services_are_no_mistake(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("THING_HTTP_PORT", "8080")
    environment.setenv("THING_KAFKA", "a group's bare name")
    environment.setenv("THING_TOPIC", "a group's bare name")

    load(PlainSettings)
    load(ExampleSettings)


def test_secrets_show_nowhere(environment: pytest.MonkeyPatch) -> None:
    for name in (
        "THING_KAFKA_SASL_PASSWORD",
        "THING_KAFKA_CONSUMER_SSL_KEY_PASSWORD",
        "THING_KAFKA_PRODUCER_SSL_KEY_PEM",
        "THING_KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET",
        "THING_SCHEMA_REGISTRY_BEARER_AUTH_TOKEN",
        "THING_TOKEN",
    ):
        environment.setenv(name, "hush-hush")
    environment.setenv("THING_SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO", "me:hush-hush")

    settings = load(ExampleSettings)

    for shown in (repr(settings), str(settings), repr(settings.kafka), str(settings.schema_registry)):
        assert "hush" not in shown
    assert "kafka:9092" in repr(settings)
    assert settings.schema_registry.client_config()["basic.auth.user.info"] == "me:hush-hush"


def test_a_secret_that_cannot_be_used_is_not_quoted(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("THING_TOKEN", "psh")

    with pytest.raises(SettingsError, match=r"^THING_TOKEN: value should have at least 4") as raised:
        load(ExampleSettings)

    assert "psh" not in str(raised.value)


def test_the_registry_client_is_given_numbers_as_numbers(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("THING_SCHEMA_REGISTRY_TIMEOUT", "2.5")
    environment.setenv("THING_SCHEMA_REGISTRY_MAX_RETRIES", "4")
    environment.setenv("THING_SCHEMA_REGISTRY_BEARER_AUTH_CREDENTIALS_SOURCE", "static_token")

    assert load(PlainSettings).schema_registry.client_config() == {
        "url": "http://registry:8081",
        "timeout": 2.5,
        "max.retries": 4,
        "bearer.auth.credentials.source": "STATIC_TOKEN",
        "bearer.auth.logical.cluster": "",
    }


def test_every_setting_is_documented() -> None:
    document = settings_document({"Plain": PlainSettings, "Example": ExampleSettings})

    assert "| `THING_WORKERS` | integer ≥ 1 | `2` | How many. |" in document
    assert "| `THING_TOKEN` | text |  | Secret. |" in document
    assert "| `THING_TOPIC_DEAD_LETTERS` | text | `dead` | Topic of dead letters. |" in document
    assert "| `acks` | a thing counts when all replicas have it (Example) |" in document
    assert document.count("`THING_LOG_LEVEL`") == 1


def test_a_setting_without_a_description_is_an_error() -> None:
    class Undocumented(ServiceSettings, env_prefix="THING_"):
        """A service whose author forgot something."""

        mystery: int = 1

    with pytest.raises(ValueError, match="THING_MYSTERY has no description"):
        settings_document({"Undocumented": Undocumented})
