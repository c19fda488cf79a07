"""The application.properties of the schema registry (Apicurio 3 on Quarkus), as a pure function."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

# H2 writes a commit behind by default (half a second): a SIGKILL would lose what was acknowledged with 200.
STORE_FILE = "registry.mv.db"
STORE_URL = "jdbc:h2:file:./registry;WRITE_DELAY=0"
REALM = "Quarkus"  # fixed when Apicurio was built


def registry_properties(
    port: int,
    management_port: int,
    *,
    nonce: str,
    basic_auth: tuple[str, str] | None,
    key_and_certificate: Path | None = None,
) -> dict[str, str]:
    """The properties; the store lies in the working directory. `nonce` comes back in the registry's own description,
    which tells it from another one on the same port. With `key_and_certificate`, a PEM file, the port speaks TLS."""
    return {
        "quarkus.http.host": "127.0.0.1",
        **_listener(port, key_and_certificate),
        "quarkus.management.host": "127.0.0.1",
        "quarkus.management.port": str(management_port),
        "quarkus.http.access-log.enabled": "false",
        "quarkus.banner.enabled": "false",
        # Enough for a laptop or a test; the default threads come with twenty database connections.
        "quarkus.thread-pool.max-threads": "16",
        "apicurio.app.description": nonce,
        "apicurio.storage.kind": "sql",
        "apicurio.storage.sql.kind": "h2",
        "apicurio.datasource.url": STORE_URL,
        "apicurio.datasource.jdbc.initial-size": "2",
        "apicurio.datasource.jdbc.min-size": "2",
        "apicurio.datasource.jdbc.max-size": "20",
        # The store is a local file: what fails once fails again.
        "apicurio.storage.connection.retry.enabled": "false",
        # Subjects can be deleted, as in Confluent's registry.
        "apicurio.rest.artifact.deletion.enabled": "true",
        **_authentication(basic_auth),
    }


def _listener(port: int, key_and_certificate: Path | None) -> Mapping[str, str]:
    if key_and_certificate is None:
        return {"quarkus.http.port": str(port)}
    return {
        "quarkus.http.ssl-port": str(port),
        "quarkus.http.insecure-requests": "disabled",
        "quarkus.http.ssl.certificate.files": str(key_and_certificate),
        "quarkus.http.ssl.certificate.key-files": str(key_and_certificate),
    }


def _authentication(basic_auth: tuple[str, str] | None) -> Mapping[str, str]:
    if basic_auth is None:
        return {}
    user, password = basic_auth
    # A digest, so that no character of a password means anything to the configuration's `${…}` syntax.
    digest = hashlib.sha256(f"{user}:{REALM}:{password}".encode()).hexdigest()
    return {
        "quarkus.http.auth.basic": "true",
        "quarkus.http.auth.permission.everything.paths": "/*",
        "quarkus.http.auth.permission.everything.policy": "authenticated",
        "quarkus.security.users.embedded.algorithm": "digest-sha-256",
        f'quarkus.security.users.embedded.users."{user}"': digest,
        f'quarkus.security.users.embedded.roles."{user}"': "sr-admin",
    }
