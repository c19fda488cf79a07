"""Changes of mounted files that give clients new properties. The broker's part is in tests/kafka."""

from pathlib import Path

import pytest

from heartzone_testing.services.mounted_secret import MountedSecret
from service_chassis.followed_connections import FollowedConnections
from service_chassis.settings import KafkaSettings, SchemaRegistrySettings, ServiceSettings, SettingsError, load

PASSWORD_FILE = "MY_SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO"


class MySettings(ServiceSettings, env_prefix="MY_"):
    """No settings of its own."""


class Bench:
    """A process with credentials of the registry in mounted files, and the properties that it was given since."""

    def __init__(self, folder: Path) -> None:
        self.secret = MountedSecret(folder / "secret")
        self.secret.write({PASSWORD_FILE: "user:old", "ca.crt": "an authority", "api-keys": "a key"})
        self.environment = {
            "MY_SECRETS_DIR": str(self.secret.folder),
            "MY_KAFKA_BOOTSTRAP_SERVERS": "kafka:9092",
            "MY_SCHEMA_REGISTRY_URL": "https://registry",
            "MY_SCHEMA_REGISTRY_SSL_CA_LOCATION": str(self.secret.path("ca.crt")),
        }
        self.kafka: list[KafkaSettings] = []
        self.registry: list[SchemaRegistrySettings] = []
        self.problem: Exception | None = None
        self.followed = FollowedConnections(
            load(MySettings, self.environment),
            kafka=self.kafka.append,
            schema_registry=self._reconnect,
        )

    def _reconnect(self, settings: SchemaRegistrySettings) -> None:
        if self.problem is not None:
            raise self.problem
        self.registry.append(settings)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_a_password_that_is_replaced_gives_its_own_client_new_properties_and_no_other(bench: Bench) -> None:
    bench.followed.check()
    assert bench.registry == []

    bench.secret.write({PASSWORD_FILE: "user:new"})
    bench.followed.check()
    bench.followed.check()

    assert [each.client_config()["basic.auth.user.info"] for each in bench.registry] == ["user:new"]
    assert bench.kafka == []


def test_a_certificate_that_is_replaced_does_although_its_path_stays(bench: Bench) -> None:
    bench.secret.write({"ca.crt": "another authority"})
    bench.followed.check()

    assert len(bench.registry) == 1


def test_files_that_are_written_anew_with_what_they_had_change_nothing(bench: Bench) -> None:
    """Kubernetes does that to all files of a volume when one of them changes."""
    bench.secret.write({"api-keys": "another key"})
    bench.followed.check()

    assert bench.registry == []


def test_what_cannot_be_used_is_told_once_and_tried_again(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    bench.problem = OSError("the key does not belong to the certificate")
    bench.secret.write({"ca.crt": "another authority"})
    bench.followed.check()
    bench.followed.check()
    bench.problem = None
    bench.followed.check()

    assert len(bench.registry) == 1
    assert capsys.readouterr().out.count("connection_not_renewed") == 1


def test_what_is_missing_for_a_moment_is_waited_for(bench: Bench) -> None:
    bench.secret.path("ca.crt").unlink()
    bench.followed.check()
    assert bench.registry == []

    bench.secret.write({"ca.crt": "another authority"})
    bench.followed.check()
    assert len(bench.registry) == 1


def test_a_file_that_cannot_be_read_at_the_start_is_named(bench: Bench) -> None:
    settings = load(MySettings, bench.environment)
    bench.secret.path("ca.crt").unlink()

    with pytest.raises(SettingsError, match="MY_SCHEMA_REGISTRY_SSL_CA_LOCATION"):
        FollowedConnections(settings, kafka=bench.kafka.append, schema_registry=bench.registry.append)
