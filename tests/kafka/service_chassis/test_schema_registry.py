"""Lookups in a real registry."""

import copy
import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError

from embedded_kafka import EmbeddedRegistry
from heartzone.messages import Biometrics, HeartRateZoneReached, json_schema
from service_chassis.schema_registry import (
    RegisteredSchema,
    RegistryUnauthorizedError,
    RegistryUnavailableError,
    SchemaNotFoundError,
    SchemaRegistry,
)
from service_chassis.schema_registry.client import MAX_SCHEMA_ID


@pytest.fixture
def subject() -> str:
    return f"subject-{uuid.uuid4()}"


@pytest.fixture
def confluent(embedded_registry: EmbeddedRegistry) -> Iterator[SchemaRegistryClient]:
    with SchemaRegistryClient({"url": embedded_registry.url}) as client:
        yield client


@pytest.fixture
def registry(embedded_registry: EmbeddedRegistry) -> Iterator[SchemaRegistry]:
    with SchemaRegistry({"url": embedded_registry.url}) as registry:
        yield registry


def register(client: SchemaRegistryClient, subject: str, schema: dict[str, Any]) -> int:
    return client.register_schema(subject, Schema(json.dumps(schema), "JSON"))


def test_the_latest_version_is_the_newest_that_was_registered(
    registry: SchemaRegistry, confluent: SchemaRegistryClient, subject: str
) -> None:
    schema = json_schema(Biometrics)
    first = register(confluent, subject, schema)
    assert registry.latest(subject) == RegisteredSchema(first, 1, subject, registry.by_id(first))

    schema["description"] = "Other words, same meaning."
    second = register(confluent, subject, schema)
    latest = registry.latest(subject)

    assert (latest.id, latest.version) == (second, 2)
    assert json.loads(registry.by_id(second)) == json.loads(latest.schema) == schema


def test_a_missing_subject_is_not_found(registry: SchemaRegistry, subject: str) -> None:
    with pytest.raises(SchemaNotFoundError, match=f"the schema registry has no subject {subject}"):
        registry.latest(subject)


def test_a_missing_id_is_not_found(registry: SchemaRegistry) -> None:
    with pytest.raises(SchemaNotFoundError, match="the schema registry has no schema id 987654321"):
        registry.by_id(987_654_321)


@pytest.mark.parametrize("schema_id", [0, MAX_SCHEMA_ID])
def test_an_id_at_either_end_of_the_range_is_not_found(registry: SchemaRegistry, schema_id: int) -> None:
    with pytest.raises(SchemaNotFoundError):
        registry.by_id(schema_id)


def test_an_address_that_is_not_the_registrys_api_does_not_mean_that_a_schema_is_missing(
    embedded_registry: EmbeddedRegistry,
) -> None:
    url = embedded_registry.url.replace("ccompat", "elsewhere")

    with SchemaRegistry({"url": url}) as registry, pytest.raises(RegistryUnavailableError):
        registry.by_id(1)


def test_credentials_are_checked(embedded_registry_factory: Callable[..., EmbeddedRegistry]) -> None:
    url = embedded_registry_factory(basic_auth=("user", "right")).url

    with SchemaRegistry({"url": url, "basic.auth.user.info": "user:wrong"}) as registry:
        with pytest.raises(RegistryUnauthorizedError, match="HTTP status 401") as raised:
            registry.latest("any")
        assert "wrong" not in str(raised.value)
    with (
        SchemaRegistry({"url": url, "basic.auth.user.info": "user:right"}) as registry,
        pytest.raises(SchemaNotFoundError),
    ):
        registry.latest("any")


def test_a_registry_that_stopped_is_unavailable(
    embedded_registry_factory: Callable[..., EmbeddedRegistry], subject: str
) -> None:
    server = embedded_registry_factory()
    with SchemaRegistryClient({"url": server.url}) as client:
        schema_id = register(client, subject, json_schema(Biometrics))
    with SchemaRegistry({"url": server.url}) as registry:
        assert json.loads(registry.by_id(schema_id)) == json_schema(Biometrics)
        server.stop()

        for look_up in (lambda: registry.by_id(schema_id), lambda: registry.latest(subject)):
            with pytest.raises(RegistryUnavailableError):
                look_up()


def with_max_heart_rate_of(kind: str) -> dict[str, Any]:
    schema = copy.deepcopy(json_schema(Biometrics))
    schema["properties"]["MaxHeartRate"] = {"type": kind}
    return schema


def with_a_resting_heart_rate(*, required: bool) -> dict[str, Any]:
    schema = copy.deepcopy(json_schema(Biometrics))
    schema["properties"]["RestingHeartRate"] = {"type": "integer"}
    if required:
        schema["required"].append("RestingHeartRate")
    return schema


@pytest.mark.parametrize(
    ("changed", "compatible"),
    [
        pytest.param(with_a_resting_heart_rate(required=False), True, id="new-optional-field"),
        pytest.param(with_a_resting_heart_rate(required=True), False, id="new-required-field"),
        pytest.param(with_max_heart_rate_of("string"), False, id="other-type"),
        pytest.param(json_schema(HeartRateZoneReached), False, id="other-message"),
    ],
)
def test_the_registry_can_judge_the_evolution_of_our_schemas(
    confluent: SchemaRegistryClient, subject: str, changed: dict[str, Any], compatible: bool
) -> None:
    register(confluent, subject, json_schema(Biometrics))
    confluent.set_compatibility(subject, "BACKWARD")

    if compatible:
        register(confluent, subject, changed)
    else:
        with pytest.raises(SchemaRegistryError) as raised:
            register(confluent, subject, changed)
        assert raised.value.http_status_code == 409
