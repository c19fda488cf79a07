"""Kafka and the schema registry as pods, with the names, listeners, users, ACLs and Secrets of deploy/strimzi.

Strimzi's operator is what this stands in for: clients see no difference, and each user may do what its KafkaUser says.
"""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from string import Template
from typing import Any

import yaml
from confluent_kafka.admin import AclBinding, AdminClient

from embedded_kafka.broker.scram import create_scram_users
from heartzone_testing.checkout import ROOT, STRIMZI
from heartzone_testing.kafka_cluster.authorities import Authorities
from heartzone_testing.release.values import merged
from heartzone_testing.strimzi.users import acl_bindings, kafka_users
from kubernetes_node.control_plane.kubectl import Kubectl
from kubernetes_node.nodes.node import Node

MANIFESTS = ROOT / "tests" / "e2e" / "cluster" / "manifests"
REGISTRY = STRIMZI / "registry" / "base"
ADMIN = "admin"
CA_SECRET = "heartzone-cluster-ca-cert"
JAAS = 'org.apache.kafka.common.security.scram.ScramLoginModule required username="{user}" password="{password}";'
RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}


class KafkaCluster:
    """The cluster `heartzone` in a namespace of its own.

    passwords: by user; the users are those of deploy/strimzi.
    bootstrap_servers, mtls_bootstrap_servers: the listeners for passwords and for certificates.
    registry_url: the registry's Confluent API. All of these are names of the cluster's DNS.
    """

    def __init__(self, kubectl: Kubectl, directory: Path) -> None:
        self.kubectl = kubectl
        self.namespace = str(kubectl.namespace)
        self.bootstrap_servers = f"heartzone-kafka-bootstrap.{self.namespace}:9093"
        self.mtls_bootstrap_servers = f"heartzone-kafka-bootstrap.{self.namespace}:9094"
        self.registry_url = f"http://heartzone-registry.{self.namespace}:8080/apis/ccompat/v7"
        self.passwords = {user: secrets.token_urlsafe() for user in (ADMIN, *kafka_users())}
        self._authorities = Authorities()
        self._ca_file = directory / "cluster-ca.crt"
        self._ca_file.write_text(self._authorities.cluster)

    @property
    def super_user(self) -> dict[str, str]:
        """The librdkafka properties of the one who may do everything."""
        return self.connection(ADMIN)

    def connection(self, user: str) -> dict[str, str]:
        """The librdkafka properties of a user."""
        return {
            "bootstrap.servers": self.bootstrap_servers,
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": user,
            "sasl.password": self.passwords[user],
            "ssl.ca.location": str(self._ca_file),
        }

    def set_password(self, user: str, password: str) -> None:
        """Give a user another password, as Strimzi does when its Secret is gone."""
        create_scram_users(self.super_user, {user: password})
        self.passwords[user] = password

    def user_secret(self, user: str) -> dict[str, Any]:
        """The Secret of a KafkaUser of type scram-sha-512, for any namespace."""
        password = self.passwords[user]
        return secret(user, {"password": password, "sasl.jaas.config": JAAS.format(user=user, password=password)})

    def tls_user_secret(self, user: str) -> dict[str, Any]:
        """The Secret of a KafkaUser of type tls; its `ca.crt` is that of the CA that signs users."""
        pair = self._authorities.user(user)
        return secret(user, {"ca.crt": self._authorities.clients, "user.crt": pair.certificate, "user.key": pair.key})

    def cluster_ca_secret(self) -> dict[str, Any]:
        """The Secret with the certificate of the CA that signs brokers."""
        return secret(CA_SECRET, {"ca.crt": self._authorities.cluster})

    @property
    def values(self) -> dict[str, Any]:
        """The chart's values for this cluster."""
        users = {"producer": "producer", "zoneWorker": "zone-worker", "operator": "operator", "test": "test"}
        values = {
            "kafka": {
                "bootstrapServers": self.bootstrap_servers,
                "tls": {"existingSecret": CA_SECRET},
                "auth": {"type": "scram-sha-512"},
            },
            "schemaRegistry": {"url": self.registry_url},
            **{key: {"kafka": {"existingSecret": f"heartzone-{user}"}} for key, user in users.items()},
        }
        return merged(values, {"producer": {"auth": {"methods": ["none"]}}})

    def secrets(self) -> list[dict[str, Any]]:
        """The Secrets that `values` name, which are to be in the release's namespace."""
        return [self.cluster_ca_secret(), *(self.user_secret(user) for user in kafka_users())]

    def start(self, kafka_image: str, registry_image: str) -> None:
        """Start Kafka, make users and ACLs, start the registry, and wait for it."""
        kafka = (MANIFESTS / "kafka.yaml").read_text().replace("localhost/heartzone-kafka:dev", kafka_image)
        self.kubectl.apply(self._broker_secret(), self.cluster_ca_secret(), kafka)
        self.kubectl("rollout", "status", "statefulset/heartzone-kafka", "--timeout=120s", timeout=130)
        users = kafka_users()
        create_scram_users(self.super_user, {user: self.passwords[user] for user in users})
        self._grant([binding for user in users.values() for binding in acl_bindings(user)])
        self.kubectl.apply(*(self.user_secret(user) for user in users))
        self.kubectl.apply(*self._registry(registry_image))
        self.kubectl("rollout", "status", "statefulset/heartzone-registry", "--timeout=120s", timeout=130)

    def _grant(self, bindings: list[AclBinding]) -> None:
        admin = AdminClient({**self.super_user})
        for done in admin.create_acls(bindings).values():
            done.result()

    def _broker_secret(self) -> dict[str, Any]:
        broker = f"heartzone-kafka-0.heartzone-kafka-brokers.{self.namespace}.svc.cluster.local"
        bootstrap = "heartzone-kafka-bootstrap"
        suffixes = ("", f".{self.namespace}", f".{self.namespace}.svc", f".{self.namespace}.svc.cluster.local")
        pair = self._authorities.broker(broker, *(f"{bootstrap}{suffix}" for suffix in suffixes))
        properties = Template((MANIFESTS / "server.properties").read_text()).substitute(broker=broker, admin=ADMIN)
        return secret(
            "heartzone-kafka",
            {
                "server.properties": properties,
                "server.pem": pair.both,
                # It trusts users, and itself as its own client.
                "authorities.pem": self._authorities.clients + self._authorities.cluster,
                "admin": f"SCRAM-SHA-512=[name={ADMIN},password={self.passwords[ADMIN]}]",
            },
        )

    def _registry(self, image: str) -> Iterator[dict[str, Any]]:
        """The registry of deploy/strimzi, with the image that this cluster has."""
        for manifest in yaml.safe_load_all(self.kubectl("kustomize", REGISTRY)):
            if manifest["kind"] == "StatefulSet":
                [container] = manifest["spec"]["template"]["spec"]["containers"]
                container |= {"image": image, "imagePullPolicy": "Never"}
                # At its start it waits twice for no more records; the default is for a distant broker.
                container["env"].append({"name": "APICURIO_KAFKASQL_CONSUMER_POLL_TIMEOUT", "value": "500"})
            yield manifest


@contextmanager
def running_kafka_cluster(node: Node, directory: Path) -> Iterator[KafkaCluster]:
    """A Kafka cluster that is gone afterwards; files for the tests' own clients are in `directory`."""
    kafka_image, registry_image = node.image("kafka"), node.image("registry")
    with node.new_namespace("kafka", labels=RESTRICTED) as namespace:
        cluster = KafkaCluster(node.cluster.kubectl.within(namespace), directory)
        cluster.start(kafka_image, registry_image)
        yield cluster


def secret(name: str, data: Mapping[str, str]) -> dict[str, Any]:
    """The manifest of a Secret."""
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": dict(data)}
