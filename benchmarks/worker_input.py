"""The input that benchmarks of workers share: Biometrics, of about 380 bytes where they have six readings.

Five of each six are in a zone. Each record has an idempotency key, and they are spread over devices and partitions.
"""

import uuid

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from heartzone.messages import Biometrics, HeartRate, encode
from heartzone.wire import IDEMPOTENCY_KEY_HEADER, frame_prefix

PARTITIONS = 6
READINGS = 6
# Outputs are read by nobody: keep little of them, so that the disk is not what is measured.
FEW = {"retention.bytes": str(256 * 1024 * 1024), "segment.bytes": str(64 * 1024 * 1024)}


def value_of(device: str, *, schema_id: int = 1, readings: int = READINGS) -> bytes:
    """The value of a record of this device, with 60 readings at most."""
    rates = [HeartRate(f"2022-12-02T13:50:{second:02}.000Z", 90 + 20 * (second % 6)) for second in range(readings)]
    return frame_prefix(schema_id) + encode(Biometrics(device, rates, 200))


def create_topics(bootstrap: str, prefix: str, *, input_config: dict[str, str] | None = None) -> list[str]:
    """Make the topics of input, outputs and dead letters, and return their names."""
    names = [f"{prefix}.in", f"{prefix}.out", f"{prefix}.dlq"]
    configs = [input_config or {}, FEW, {}]
    admin = AdminClient({"bootstrap.servers": bootstrap})
    new = [NewTopic(name, PARTITIONS, 1, config=config) for name, config in zip(names, configs, strict=True)]
    for future in admin.create_topics(new).values():
        future.result()
    return names


def fill(bootstrap: str, topic: str, messages: int, *, schema_id: int = 1, readings: int = READINGS) -> None:
    """Write so many records, spread over devices."""
    devices = [str(uuid.UUID(int=number)) for number in range(1_000)]
    values = [value_of(device, schema_id=schema_id, readings=readings) for device in devices]
    with Producer({"bootstrap.servers": bootstrap, "linger.ms": 50, "compression.type": "lz4"}) as producer:
        for number in range(messages):
            device = number % len(devices)
            while True:
                try:
                    key = (IDEMPOTENCY_KEY_HEADER, b"4bf92f3577b34da6a3ce929d-%x" % number)
                    producer.produce(topic, values[device], devices[device], headers=[key])
                    break
                except BufferError:
                    producer.poll(0.1)
        assert producer.flush(60) == 0
