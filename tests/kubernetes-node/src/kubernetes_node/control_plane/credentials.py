"""Credentials of a control plane: a certificate authority, the server, an administrator, a key that signs tokens."""

import json
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import trustme

ADMINISTRATORS = "system:masters"  # the group that RBAC lets do everything, whatever its rules are
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Credentials:
    """PEM files; `server` and `admin` hold the private key and the certificate, `signing_key` signs account tokens."""

    ca: Path
    server: Path
    admin: Path
    signing_key: Path

    @classmethod
    def make(cls, directory: Path, *names: str) -> Self:
        """Make new ones in `directory`; `names` are the server's own, host names and addresses."""
        files = cls(*(directory / f"{name}.pem" for name in ("ca", "server", "admin", "signing-key")))
        authority = trustme.CA()
        authority.cert_pem.write_to_path(files.ca)
        authority.issue_cert(
            *dict.fromkeys([LOOPBACK, "localhost", *names])
        ).private_key_and_cert_chain_pem.write_to_path(files.server)
        # With a name besides, since Go rejects a list of names that is critical and empty.
        admin = authority.issue_cert("admin", common_name="admin", organization_name=ADMINISTRATORS)
        admin.private_key_and_cert_chain_pem.write_to_path(files.admin)
        authority.private_key_pem.write_to_path(files.signing_key)
        return files

    def kubeconfig(self, url: str) -> str:
        """A kubeconfig file of the administrator that needs no other file; JSON, which is YAML too."""
        ca, admin = (b64encode(file.read_bytes()).decode() for file in (self.ca, self.admin))
        user = {"client-certificate-data": admin, "client-key-data": admin}
        return render_kubeconfig({"server": url, "certificate-authority-data": ca}, user)


def render_kubeconfig(cluster: dict[str, str], user: dict[str, str], namespace: str = "default") -> str:
    """A kubeconfig file with one cluster, one user and one context."""
    context = {"cluster": "test", "user": "test", "namespace": namespace}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "test", "cluster": cluster}],
        "users": [{"name": "test", "user": user}],
        "contexts": [{"name": "test", "context": context}],
        "current-context": "test",
    }
    return json.dumps(config, indent=1)
