"""The schema registry of deploy/strimzi: the same program with the same settings, as a process on a test's broker."""

import os
import urllib.error
import urllib.request
from pathlib import Path

from embedded_kafka.processes import ChildProcess
from embedded_kafka.registry.distribution import registry_program
from heartzone_testing.checkout import STRIMZI
from heartzone_testing.ports import free_port
from heartzone_testing.strimzi.guarded_kafka import GuardedKafka
from heartzone_testing.strimzi.kustomizations import only
from heartzone_testing.waiting import eventually

USER = "heartzone-registry"
JAAS = 'org.apache.kafka.common.security.scram.ScramLoginModule required username="{user}" password="{password}";'


class KafkasqlRegistry:
    """Apicurio with its store in Kafka, started as the StatefulSet starts it but for addresses and files."""

    def __init__(self, kafka: GuardedKafka, folder: Path) -> None:
        self._ports = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self._ports[0]}/apis/ccompat/v7"
        settings = folder / "registry.properties"
        settings.write_text(_settings(kafka, *self._ports))
        jaas = JAAS.format(user=USER, password=kafka.passwords[USER])
        self.process = ChildProcess.start(
            registry_program().with_temporary_files(folder).command(heap_mb=192, profile="startup"),
            log_file=folder / "registry.log",
            env={
                **os.environ,
                "QUARKUS_CONFIG_LOCATIONS": str(settings),
                "KAFKA_BOOTSTRAP_SERVERS": kafka.connection(USER)["bootstrap.servers"],
                "KAFKA_SASL_JAAS_CONFIG": jaas,
            },
        )

    def wait_until_ready(self) -> None:
        """Wait until it is ready, as the readiness probe does; fail when the program ends."""
        eventually(lambda: self.process.poll() is not None or self.is_ready(), "the registry to be ready", 120)
        assert self.process.poll() is None, self.process.tail(40)

    def is_ready(self) -> bool:
        """Whether the readiness probe would succeed."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._ports[1]}/health/ready", timeout=5) as response:
                status: int = response.status
                return status == 200
        except urllib.error.URLError:
            return False


def _settings(kafka: GuardedKafka, port: int, management_port: int) -> str:
    """The StatefulSet's settings, and after them, where they win, what is different on loopback."""
    text: str = only(STRIMZI / "registry" / "base", "ConfigMap")["data"]["application.properties"]
    here = {
        "apicurio.kafka.common.ssl.truststore.location": str(kafka.authority),
        # Each wait for "no more records" lasts so long; the default is made for a distant broker.
        "apicurio.kafkasql.consumer.poll.timeout": "500",
        "quarkus.http.host": "127.0.0.1",
        "quarkus.http.port": str(port),
        "quarkus.management.host": "127.0.0.1",
        "quarkus.management.port": str(management_port),
    }
    return text + "\n" + "".join(f"{name}={value}\n" for name, value in here.items())
