"""Settings that all services share."""

import re

import pytest

from heartzone.refused_properties import REFUSED_PROPERTIES
from heartzone.settings import TopicSettings
from heartzone_operator.settings import OperatorSettings
from heartzone_producer.settings import ProducerSettings
from heartzone_zone_worker.settings import WorkerSettings
from service_chassis.settings import ServiceSettings, SettingsError, load

CONNECTIONS = {"HEARTZONE_KAFKA_BOOTSTRAP_SERVERS": "kafka:9092", "HEARTZONE_SCHEMA_REGISTRY_URL": "http://registry:81"}
SERVICES = (ProducerSettings, WorkerSettings, OperatorSettings)


@pytest.mark.parametrize("service", SERVICES)
def test_topics_have_the_same_default_in_every_service(
    service: type[ProducerSettings | WorkerSettings | OperatorSettings],
) -> None:
    topic = load(service, CONNECTIONS).topic

    assert topic.raw == "RawBiometricsImported"
    assert topic.biometrics == "BiometricsImported"
    assert topic.zones == "HeartRateZoneReached"
    assert topic.dead_letters == "BiometricsImported.dlq"


@pytest.mark.parametrize("service", SERVICES)
def test_a_topic_of_another_name_than_kafka_admits_is_reported(service: type[ServiceSettings]) -> None:
    with pytest.raises(SettingsError, match=r"^HEARTZONE_TOPIC_RAW is 'a b'; string should match pattern"):
        load(service, {**CONNECTIONS, "HEARTZONE_TOPIC_RAW": "a b"})


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("name", sorted(REFUSED_PROPERTIES))
def test_every_service_refuses_what_one_of_them_rests_on(service: type[ServiceSettings], name: str) -> None:
    variable = f"HEARTZONE_KAFKA_{name.upper().replace('.', '_')}"

    with pytest.raises(SettingsError) as raised:
        load(service, {**CONNECTIONS, variable: "1"})

    assert str(raised.value).startswith(f"{variable}: {name} cannot be set: ")


def test_the_services_that_rest_on_a_refused_property_say_why() -> None:
    own = {*ProducerSettings.refused_properties, *WorkerSettings.refused_properties}

    # The web API alone has to give records up by itself.
    assert own - {"message.timeout.ms", "delivery.timeout.ms"} == REFUSED_PROPERTIES


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        (
            {"PARTITION_ASSIGNMENT_STRATEGY": "range"},
            "partition.assignment.strategy is 'range'; only cooperative-sticky",
        ),
        ({"CONSUMER_GROUP_PROTOCOL": "CLASSIC"}, "group.protocol is 'CLASSIC'"),
        (
            {"GROUP_PROTOCOL": "consumer", "CONSUMER_SESSION_TIMEOUT_MS": "6000"},
            "session.timeout.ms cannot be set with",
        ),
    ],
)
def test_properties_with_which_a_worker_can_never_join_its_group_are_reported_before_it_waits_for_anything(
    variables: dict[str, str], sentence: str
) -> None:
    named = {f"HEARTZONE_KAFKA_{name}": value for name, value in variables.items()}

    with pytest.raises(SettingsError, match="HEARTZONE_KAFKA_.*" + re.escape(sentence)):
        load(WorkerSettings, CONNECTIONS | named)


def test_the_topics_are_a_group_of_variables() -> None:
    settings = load(WorkerSettings, {**CONNECTIONS, "HEARTZONE_TOPIC_DEAD_LETTERS": "poison"})

    assert settings.topic == TopicSettings(dead_letters="poison")
