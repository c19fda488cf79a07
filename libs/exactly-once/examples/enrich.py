"""Enrich: add the customer's name to each order, from a compacted topic that is read at the start."""

import json
import signal

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition

from exactly_once import InputRecord, OutputRecord, PoisonRecord, Worker, WorkerConfig

CONNECTION = {"bootstrap.servers": "localhost:9092"}
READER = {**CONNECTION, "group.id": "unused", "enable.auto.commit": False, "enable.partition.eof": True}


def read_table(topic: str) -> dict[bytes, bytes | None]:
    """The last value of each key, None where it was deleted. No group is joined, so each replica reads all of it."""
    table: dict[bytes, bytes | None] = {}
    with Consumer(READER) as consumer:
        unread = set(consumer.list_topics(topic, timeout=30).topics[topic].partitions)
        assert unread, f"topic {topic} does not exist"
        consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in unread])
        while unread:
            for message in consumer.consume(1000, 1):
                error = message.error()
                if error is not None and error.code() == KafkaError._PARTITION_EOF:
                    unread.discard(message.partition() or 0)
                elif error is not None:
                    raise KafkaException(error)
                else:
                    table[message.key() or b""] = message.value()
    return table


def enrich(record: InputRecord) -> list[OutputRecord]:
    """The order with the name of its customer; what changes in the table meanwhile is seen after a restart."""
    try:
        order = json.loads(record.value() or b"")
        customer = str(order["customer"])
    except (ValueError, TypeError, KeyError) as error:
        raise PoisonRecord("not_an_order", f"an object with a customer was expected: {error}") from error
    if (name := customers.get(customer.encode())) is None:
        raise PoisonRecord("customer_unknown", f"customer {customer} is not in the table")
    return [OutputRecord("orders.named", json.dumps({**order, "name": name.decode()}).encode(), record.key())]


customers = read_table("customers")
worker = Worker(
    WorkerConfig(
        input_topics=["orders"],
        output_topics=["orders.named"],
        dead_letter_topic="orders.dlq",
        group_id="order-names",
        transactional_id="order-names-0",  # one a replica, the same after a restart
        connection=CONNECTION,
    ),
    enrich,
)
for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, lambda *_: worker.stop())
worker.run()
