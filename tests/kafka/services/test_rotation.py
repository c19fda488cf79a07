"""Credentials and certificates that are replaced in their mounted files while readings arrive, as Strimzi does."""

import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)

from embedded_kafka import EmbeddedKafka, EmbeddedRegistry, Security
from embedded_kafka.broker.scram import create_scram_users
from event_topics import KafkaTopics
from event_topics.model import Failure
from event_topics.model.reasons import FailureReason
from heartzone_testing.brokers.testbed import Testbed
from heartzone_testing.kafka_cluster.authorities import Authorities
from heartzone_testing.services.environment import as_settings
from heartzone_testing.services.mounted_secret import MountedSecret
from heartzone_testing.services.pipeline import Pipeline
from heartzone_testing.services.service_process import ServiceProcess
from heartzone_testing.traffic.auditor import Auditor
from heartzone_testing.traffic.client import Outcome
from heartzone_testing.traffic.load import Traffic
from heartzone_testing.waiting import eventually
from service_chassis.broker_probe import why_not_connected
from service_chassis.settings import KafkaSettings

USER = "heartzone"
PASSWORD_FILE = "HEARTZONE_KAFKA_SASL_PASSWORD"
PASSWORDS = ["first-Pa55word", "second-Pa55word", "third-Pa55word", "fourth-Pa55word"]

SASL_LISTENER = "listener.name.sasl_ssl"
# Kafka's own validator of tokens that nobody has signed.
UNSIGNED_TOKENS = (
    "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required"
    ' unsecuredLoginStringClaim_sub="broker";'
)


class Cluster:
    """Two brokers, each with partitions of its own, and certificates of our own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.authorities = Authorities()
        (folder / "server.pem").write_text(self.authorities.broker("127.0.0.1", "localhost").both)
        (folder / "clients.pem").write_text(self.authorities.clients)
        self.kafka = EmbeddedKafka(
            nodes=2,
            jvm="startup",
            security=Security(users={USER: PASSWORDS[0]}, client_certificates=True),
            log_dir=folder,
            broker_properties={
                f"{SASL_LISTENER}.sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-512,OAUTHBEARER",
                f"{SASL_LISTENER}.oauthbearer.sasl.jaas.config": UNSIGNED_TOKENS,
                "ssl.allow.dn.changes": "true",
                "default.replication.factor": "1",
                "ssl.keystore.location": str(folder / "server.pem"),
                "ssl.truststore.location": str(folder / "clients.pem"),
            },
        )

    @property
    def authority_file(self) -> Path:
        """The certificate of the authority that signs the brokers now."""
        file = self._folder / "ca.crt"
        file.write_text(self.authorities.cluster)
        return file

    def change_password(self, password: str) -> None:
        create_scram_users(self.kafka.client_config(), {USER: password})

    def replace_authorities(self) -> None:
        """New CAs, whose certificates the brokers show and trust from now on; those of the old clients' CA no more."""
        self.authorities = Authorities()
        (self._folder / "server.pem").write_text(self.authorities.broker("127.0.0.1", "localhost").both)
        (self._folder / "clients.pem").write_text(self.authorities.clients)
        admin = AdminClient({**self.kafka.client_config()})
        entries = [
            ConfigEntry(
                f"listener.name.{listener}.ssl.{store}.location",
                str(self._folder / file),
                incremental_operation=AlterConfigOpType.SET,
            )
            for listener in ("ssl", "sasl_ssl")
            for store, file in (("keystore", "server.pem"), ("truststore", "clients.pem"))
        ]
        for node in self.kafka.nodes:
            resource = ConfigResource(ResourceType.BROKER, str(node.node_id), incremental_configs=entries)
            for future in admin.incremental_alter_configs([resource]).values():
                future.result()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path_factory.mktemp("rotation"))
    with cluster.kafka:
        yield cluster


class Stack:
    """A web API and a worker, which read credentials from mounted files."""

    def __init__(self, pipeline: Pipeline, api: ServiceProcess, worker: ServiceProcess) -> None:
        self.api, self.worker = api, worker
        self.auditor = Auditor(
            pipeline.kafka.connection, group=pipeline.group, readings=pipeline.biometrics, zones=pipeline.zones
        )

    def traffic(self) -> Traffic:
        return Traffic(f"http://127.0.0.1:{self.api.http_port}", rate=100)

    def await_renewals(self, count: int = 1) -> None:
        for service in (self.api, self.worker):
            eventually(lambda: len(service.events("connection_renewed")) >= count, "new clients")  # noqa: B023
        eventually(lambda: "reconnected" in str(self.worker.events("producer_rebuilt")), "the worker's new producer")


@contextmanager
def stack(cluster: Cluster, registry: EmbeddedRegistry, folder: Path, settings: dict[str, str]) -> Iterator[Stack]:
    # Of outputs two: brokers end no transaction in a partition without a leader (KAFKA-20734), and one is killed here.
    kafka = Testbed(cluster.kafka.client_config())
    pipeline = Pipeline(kafka, registry.client_config(), folder, partitions=4, replicas=2)
    with pipeline.worker(settings=settings) as worker, pipeline.producer(settings) as api:
        api.wait_until_ready()
        worker.wait_until_ready()
        yield Stack(pipeline, api, worker)


def tells_the_rejection(service: ServiceProcess) -> bool:
    """Whether readiness tells it; a call of librdkafka that waits for the broker keeps a worker from saying more."""
    response = service.get("/readyz")
    return response.status == 503 and ("authentic" in response.text.lower() or "does not return" in response.text)


def test_a_password_that_is_replaced_in_kafka_and_in_its_file_costs_no_request_and_no_reading(
    cluster: Cluster, embedded_registry: EmbeddedRegistry, tmp_path: Path
) -> None:
    secret = MountedSecret(tmp_path / "secret")
    secret.write({"ca.crt": cluster.authorities.cluster, PASSWORD_FILE: PASSWORDS[0]})
    connection = cluster.kafka.client_config("SASL_SSL", mechanism="SCRAM-SHA-512")
    del connection["sasl.password"]
    settings = {
        **as_settings("KAFKA", {**connection, "ssl.ca.location": str(secret.path("ca.crt"))}),
        "HEARTZONE_SECRETS_DIR": str(secret.folder),
    }
    with stack(cluster, embedded_registry, tmp_path, settings) as running:
        with running.traffic() as traffic:
            traffic.await_more(100)
            secret.write({PASSWORD_FILE: "a-mistake"})
            for service in (running.api, running.worker):
                eventually(lambda: service.events("connection_not_renewed"), "the mistake to be told")  # noqa: B023
            cluster.change_password(PASSWORDS[1])
            secret.write({PASSWORD_FILE: PASSWORDS[1]})
            running.await_renewals()
            traffic.await_more(100)
            assert traffic.outcomes.keys() == {Outcome.ACCEPTED}

            cluster.change_password(PASSWORDS[2])
            node = cluster.kafka.nodes[1]
            node.kill()
            node.start()
            for service in (running.api, running.worker):
                eventually(lambda: tells_the_rejection(service), "readiness to tell")  # noqa: B023
            secret.write({PASSWORD_FILE: PASSWORDS[2]})
            running.await_renewals(2)
            running.api.wait_until_ready()
            running.worker.wait_until_ready()
            traffic.await_more(100)
        assert running.auditor.discrepancies(traffic.accepted) == []
    for service in (running.api, running.worker):
        assert [password for password in PASSWORDS if password in service.log()] == []


def test_certificates_and_authorities_that_are_replaced_cost_no_request_and_no_reading(
    cluster: Cluster, embedded_registry: EmbeddedRegistry, tmp_path: Path
) -> None:
    secret = MountedSecret(tmp_path / "secret")

    def write() -> None:
        pair = cluster.authorities.user(USER)
        secret.write({"ca.crt": cluster.authorities.cluster, "user.crt": pair.certificate, "user.key": pair.key})

    write()
    settings = as_settings(
        "KAFKA",
        {
            "bootstrap.servers": cluster.kafka.client_config("SSL")["bootstrap.servers"],
            "security.protocol": "SSL",
            "ssl.ca.location": str(secret.path("ca.crt")),
            "ssl.certificate.location": str(secret.path("user.crt")),
            "ssl.key.location": str(secret.path("user.key")),
        },
    )
    with stack(cluster, embedded_registry, tmp_path, settings) as running:
        with running.traffic() as traffic:
            traffic.await_more(100)
            cluster.replace_authorities()
            write()
            running.await_renewals()
            traffic.await_more(100)
            assert traffic.outcomes.keys() == {Outcome.ACCEPTED}
        assert running.auditor.discrepancies(traffic.accepted) == []


def test_the_operators_clients_go_on_with_new_credentials(cluster: Cluster) -> None:
    cluster.change_password(PASSWORDS[0])
    connection = cluster.kafka.client_config("SASL_SSL", mechanism="SCRAM-SHA-512")
    connection["ssl.ca.location"] = str(cluster.authority_file)
    topics = KafkaTopics(connection, timeout=3.0)
    assert isinstance(topics.names(), tuple)

    cluster.change_password(PASSWORDS[3])
    rejected = KafkaTopics(connection, timeout=3.0).names()
    assert isinstance(rejected, Failure)
    assert rejected.reason is FailureReason.KAFKA_UNAUTHENTICATED
    topics.reconnect({**connection, "sasl.password": PASSWORDS[3]})
    assert isinstance(topics.names(), tuple)


IDENTITY_QUERY = "api-version=2018-02-01&resource=api://kafka&client_id=heartzone"


class TokenEndpoint(BaseHTTPRequestHandler):
    """Gives a token for one secret, as an OpenID provider does for the client credentials grant.

    And one for an identity, as Azure's instance metadata service does.
    """

    def do_GET(self) -> None:
        """Respond to a pod that asks for the token of its identity."""
        self._respond(known=self.headers["Metadata"] == "true" and self.path == f"/token?{IDENTITY_QUERY}")

    def do_POST(self) -> None:
        """Respond to a client that sends its secret."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self._respond(known=self.headers["Authorization"] == "Basic " + base64.b64encode(b"heartzone:right").decode())

    def _respond(self, *, known: bool) -> None:
        now = int(time.time())
        parts = ({"alg": "none"}, {"sub": USER, "iat": now, "exp": now + 60})
        token = ".".join(base64.urlsafe_b64encode(json.dumps(each).encode()).rstrip(b"=").decode() for each in parts)
        body = json.dumps({"access_token": f"{token}.", "expires_in": 60} if known else {"error": "invalid_client"})
        self.send_response(200 if known else 401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        """Log nothing."""


def test_tokens_are_asked_for_with_the_client_s_secret_or_for_azure_s_identity_of_the_pod(cluster: Cluster) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), TokenEndpoint) as endpoint:
        threading.Thread(target=endpoint.serve_forever, daemon=True).start()

        def settings(**own: str) -> KafkaSettings:
            variables = {
                "BOOTSTRAP_SERVERS": cluster.kafka.client_config("SASL_SSL")["bootstrap.servers"],
                "SECURITY_PROTOCOL": "sasl_ssl",
                "SSL_CA_LOCATION": str(cluster.authority_file),
                "SASL_MECHANISM": "OAUTHBEARER",
                "SASL_OAUTHBEARER_METHOD": "oidc",
                "SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL": f"http://127.0.0.1:{endpoint.server_port}/token",
                **{f"SASL_OAUTHBEARER_{name}": value for name, value in own.items()},
            }
            return KafkaSettings.from_variables(variables, prefix="")

        client = {"CLIENT_ID": "heartzone"}
        assert why_not_connected(settings(**client, CLIENT_SECRET="right")) is None
        problem = why_not_connected(settings(**client, CLIENT_SECRET="wrong-Pa55word"))
        identity = {"METADATA_AUTHENTICATION_TYPE": "azure_imds", "CONFIG": f"query={IDENTITY_QUERY}"}
        assert why_not_connected(settings(**identity)) is None
        endpoint.shutdown()

    assert problem is not None
    assert "OAUTHBEARER token" in problem
    assert "wrong-Pa55word" not in problem
