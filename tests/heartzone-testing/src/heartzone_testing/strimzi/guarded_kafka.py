"""A broker that allows nothing but what the KafkaUsers of deploy/strimzi say, as Strimzi does with `simple`."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from confluent_kafka.admin import AclBinding, AclBindingFilter, AdminClient

from embedded_kafka import EmbeddedKafka, Security
from heartzone_testing.strimzi.users import acl_bindings, kafka_users, on_call
from heartzone_testing.waiting import eventually

AUTHORIZER = {
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    # The plaintext listener, for the node itself and for the test's observations.
    "super.users": "User:ANONYMOUS",
}


class GuardedKafka:
    """One node with a listener for SASL over TLS, and the users of deploy/strimzi with their ACLs in force."""

    def __init__(self) -> None:
        self._users = {**kafka_users(), "heartzone-on-call": on_call()}
        self.passwords = {name: f"secret-of-{name}" for name in self._users}
        self._kafka = EmbeddedKafka(
            security=Security(users=self.passwords), broker_properties=AUTHORIZER, jvm="startup"
        )

    def __enter__(self) -> Self:
        self._kafka.__enter__()
        self.super_user = self._kafka.client_config()
        self._admin = AdminClient({**self.super_user})
        self._grant([binding for user in self._users.values() for binding in acl_bindings(user)])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._kafka.__exit__(kind, error, traceback)

    def connection(self, user: str) -> dict[str, str]:
        """The librdkafka properties of a user."""
        return self._kafka.client_config("SASL_SSL", username=user, mechanism="SCRAM-SHA-512")

    @property
    def authority(self) -> Path:
        """The certificate of the authority that signed the broker's."""
        return Path(self.connection(next(iter(self.passwords)))["ssl.ca.location"])

    @contextmanager
    def without(self, binding: AclBinding) -> Iterator[None]:
        """Remove one ACL while the block lasts."""
        named = AclBindingFilter(
            binding.restype,
            binding.name,
            binding.resource_pattern_type,
            binding.principal,
            binding.host,
            binding.operation,
            binding.permission_type,
        )
        deleted = [each for future in self._admin.delete_acls([named]).values() for each in future.result()]
        assert deleted == [binding]
        eventually(lambda: not self._in_force(named), "the broker to know that the ACL is gone")
        try:
            yield
        finally:
            self._grant([binding])

    def _grant(self, bindings: Sequence[AclBinding]) -> None:
        futures: Mapping[AclBinding, object] = self._admin.create_acls(list(bindings))
        for future in futures.values():
            future.result()  # type: ignore[attr-defined]

    def _in_force(self, named: AclBindingFilter) -> bool:
        return bool(self._admin.describe_acls(named).result())
