"""What a person, or a twin, does to a worker that runs."""

from confluent_kafka import Consumer, Producer, TopicPartition

from heartzone_testing.brokers.testbed import Testbed


def move_offset(kafka: Testbed, group: str, partition: TopicPartition) -> None:
    """Commit one offset for a group that has members, as a person does: in a transaction under no member's name."""
    nobody = Consumer({**kafka.connection, "group.id": group})
    producer = Producer({**kafka.connection, "transactional.id": f"{group}-set-offset"})
    producer.init_transactions(30)
    producer.begin_transaction()
    producer.send_offsets_to_transaction([partition], nobody.consumer_group_metadata())
    producer.commit_transaction(30)
    nobody.close()


def fence(kafka: Testbed, transactional_id: str) -> None:
    """Claim the id of a worker, as a twin or a successor of it would."""
    with Producer({**kafka.connection, "transactional.id": transactional_id}) as twin:
        twin.init_transactions(30)
