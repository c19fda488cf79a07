"""SCRAM credentials: unlike PLAIN's they live in the cluster's metadata, written by an admin client."""

from collections.abc import Mapping

from confluent_kafka.admin import (
    AdminClient,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialAlteration,
    UserScramCredentialUpsertion,
)

ITERATIONS = 4096  # Kafka's minimum: these passwords protect a test
TIMEOUT_S = 30


def create_scram_users(client_config: Mapping[str, str], users: Mapping[str, str]) -> None:
    """Create or overwrite the SCRAM-SHA-512 credentials of the users, passwords by name."""
    credential = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, ITERATIONS)
    changes: list[UserScramCredentialAlteration] = [
        UserScramCredentialUpsertion(user, credential, password.encode()) for user, password in users.items()
    ]
    # A client that nothing refers to is destroyed, and its calls with it.
    admin = AdminClient({**client_config})
    for done in admin.alter_user_scram_credentials(changes).values():
        done.result(TIMEOUT_S)
