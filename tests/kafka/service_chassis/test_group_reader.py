"""Offsets of a group, read from outside: on brokers that have just started, too."""

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from embedded_kafka import EmbeddedKafka
from heartzone_testing.brokers.testbed import Testbed
from heartzone_testing.ports import free_port
from service_chassis.consumer_groups.reader import GroupReader, GroupUnreadableError


def test_the_first_request_of_a_brokers_life_finds_no_offsets_and_ends_no_process() -> None:
    """The coordinator is not there yet: the response to that ends the process of an admin client."""
    with EmbeddedKafka(jvm="startup") as broker:
        connection = broker.client_config()
        admin = AdminClient({**connection})
        admin.create_topics([NewTopic("readings", 2, 1)])["readings"].result(30)
        for number in range(5):
            with GroupReader(f"group-{number}", admin=connection, consumer=connection, timeout=30) as reader:
                assert reader.committed("readings", [0, 1]) == {}
                assert reader.topics() == []


def test_the_topics_of_a_group_are_those_in_which_it_has_an_offset(kafka: Testbed) -> None:
    first, second, _ = kafka.create_topics("first", "second", "third")
    kafka.set_group_offset(f"group-of-{first}", first, 0)
    kafka.set_group_offset(f"group-of-{first}", second, 0)

    with GroupReader(f"group-of-{first}", admin=kafka.connection, consumer=kafka.connection) as reader:
        assert reader.topics() == sorted([first, second])


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_settings_of_members_do_not_make_it_one(kafka: Testbed, protocol: str) -> None:
    (topic,) = kafka.create_topics("readings")
    group = f"group-of-{topic}"
    settings = {**kafka.connection, "group.protocol": protocol, "group.instance.id": "worker-0"}

    with GroupReader(group, admin=kafka.connection, consumer=settings) as reader:
        assert reader.positions(topic).positions[0].lag == 0

        admin = AdminClient({**kafka.connection})
        assert admin.list_consumer_groups(request_timeout=20).result().errors == []
        assert group not in {each.group_id for each in admin.list_consumer_groups().result().valid}


def test_without_a_broker_the_reason_is_a_sentence() -> None:
    nowhere = {"bootstrap.servers": f"127.0.0.1:{free_port()}"}
    with (
        GroupReader("group", admin=nowhere, consumer=nowhere, timeout=0.5) as reader,
        pytest.raises(GroupUnreadableError, match=r"The committed offsets of the group group cannot be read: .*\.$"),
    ):
        reader.committed("readings", [0])
