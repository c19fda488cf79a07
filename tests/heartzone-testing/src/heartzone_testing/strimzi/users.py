"""Strimzi's KafkaUsers translated into Kafka's ACLs, for a broker that no Strimzi manages."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml
from confluent_kafka.admin import AclBinding, AclOperation, AclPermissionType, ResourcePatternType, ResourceType

from heartzone_testing.checkout import STRIMZI

USERS = STRIMZI / "users"
ON_CALL = STRIMZI / "components" / "on-call" / "user.yaml"

_RESOURCES = {
    "topic": ResourceType.TOPIC,
    "group": ResourceType.GROUP,
    "cluster": ResourceType.BROKER,
    "transactionalId": ResourceType.TRANSACTIONAL_ID,
}
_PATTERNS = {"literal": ResourcePatternType.LITERAL, "prefix": ResourcePatternType.PREFIXED}
_OPERATIONS = {
    "All": AclOperation.ALL,
    "Alter": AclOperation.ALTER,
    "AlterConfigs": AclOperation.ALTER_CONFIGS,
    "ClusterAction": AclOperation.CLUSTER_ACTION,
    "Create": AclOperation.CREATE,
    "Delete": AclOperation.DELETE,
    "Describe": AclOperation.DESCRIBE,
    "DescribeConfigs": AclOperation.DESCRIBE_CONFIGS,
    "IdempotentWrite": AclOperation.IDEMPOTENT_WRITE,
    "Read": AclOperation.READ,
    "Write": AclOperation.WRITE,
}


def kafka_users() -> dict[str, Mapping[str, Any]]:
    """The KafkaUsers of deploy/strimzi by name."""
    documents = (yaml.safe_load(path.read_text()) for path in sorted(USERS.glob("*.yaml")))
    return {each["metadata"]["name"]: each for each in documents if each["kind"] == "KafkaUser"}


def on_call() -> Mapping[str, Any]:
    """The KafkaUser of the people on call, whom a component adds."""
    user: Mapping[str, Any] = yaml.safe_load(ON_CALL.read_text())
    return user


def acl_bindings(user: Mapping[str, Any]) -> list[AclBinding]:
    """The ACLs of a KafkaUser, one binding for each operation on each resource, as Strimzi's User Operator makes them.

    Raises KeyError for a kind of resource or an operation that Strimzi does not have.
    """
    return list(_bindings(f"User:{user['metadata']['name']}", user["spec"]["authorization"]["acls"]))


def _bindings(principal: str, rules: Sequence[Mapping[str, Any]]) -> Iterator[AclBinding]:
    for rule in rules:
        resource = rule["resource"]
        permission = AclPermissionType.DENY if rule.get("type") == "deny" else AclPermissionType.ALLOW
        for operation in rule["operations"]:
            yield AclBinding(
                _RESOURCES[resource["type"]],
                # Kafka's name of the one cluster, which Strimzi does not require.
                "kafka-cluster" if resource["type"] == "cluster" else resource["name"],
                _PATTERNS[resource.get("patternType", "literal")],
                principal,
                rule.get("host", "*"),
                _OPERATIONS[operation],
                permission,
            )
