"""The members of a consumer group, and the partitions that they own."""

from collections.abc import Mapping
from dataclasses import dataclass

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from heartzone_cli.errors import CannotRunError


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a group."""

    id: str
    client: str
    host: str

    def fields(self) -> dict[str, str]:
        """Return what `--json` prints of it."""
        return {"member": self.id, "client": self.client, "host": self.host}

    def __str__(self) -> str:
        return f"{self.client} at {self.host.removeprefix('/')}"


@dataclass(frozen=True, slots=True)
class Members:
    """The members of a group; `state` is the coordinator's word for the group, such as stable or empty."""

    state: str
    number: int
    owners: Mapping[tuple[str, int], Member]


def read_members(admin: AdminClient, group: str, *, timeout: float) -> Members:
    """Return the members of a group, none where there is no such group. Raises CannotRunError."""
    try:
        found = admin.describe_consumer_groups([group], request_timeout=timeout)[group].result()
    except KafkaException as error:
        reason: KafkaError = error.args[0]
        if reason.code() == KafkaError.GROUP_ID_NOT_FOUND:
            return Members("unknown", 0, {})
        raise CannotRunError(f"The members of the group {group} cannot be read: {reason.str()}.") from error
    owners = {
        (each.topic, each.partition): Member(member.member_id, member.client_id, member.host)
        for member in found.members
        if member.assignment is not None
        for each in member.assignment.topic_partitions
    }
    return Members(found.state.name.lower().replace("_", " "), len(found.members), owners)
