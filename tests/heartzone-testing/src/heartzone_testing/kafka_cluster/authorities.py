"""The two certificate authorities that Strimzi makes for a cluster: one signs brokers, the other one signs users."""

from dataclasses import dataclass
from typing import Self

import trustme
from cryptography.hazmat.primitives import serialization

CLUSTER = "heartzone"


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A certificate and its private key, PEM. Kafka takes keys as PKCS #8 only (KIP-651)."""

    certificate: str
    key: str

    @classmethod
    def of(cls, leaf: trustme.LeafCert) -> Self:
        """A pair as trustme issues it, with its key in the other form."""
        key = serialization.load_pem_private_key(leaf.private_key_pem.bytes(), password=None)
        pkcs8 = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return cls("".join(part.bytes().decode() for part in leaf.cert_chain_pems), pkcs8.decode())

    @property
    def both(self) -> str:
        """Key, then certificate: what Kafka reads as a key store."""
        return self.key + self.certificate


class Authorities:
    """The cluster's CA, which clients trust, and the clients' CA, which brokers trust."""

    def __init__(self) -> None:
        self._cluster = trustme.CA()
        self._clients = trustme.CA()

    @property
    def cluster(self) -> str:
        """The certificate of the CA that signs brokers."""
        return self._cluster.cert_pem.bytes().decode()

    @property
    def clients(self) -> str:
        """The certificate of the CA that signs users."""
        return self._clients.cert_pem.bytes().decode()

    def broker(self, *names: str) -> KeyPair:
        """A broker's, by these names; its user name is Strimzi's for brokers."""
        return KeyPair.of(self._cluster.issue_cert(*names, common_name=f"{CLUSTER}-kafka"))

    def user(self, name: str) -> KeyPair:
        """A user's."""
        return KeyPair.of(self._clients.issue_cert(name, common_name=name))
