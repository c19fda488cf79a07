"""Fetch and prepare everything before it is needed: ``python -m embedded_kafka``."""

from embedded_kafka.broker.distribution import kafka_program
from embedded_kafka.registry.distribution import registry_program

if __name__ == "__main__":
    kafka_program()
    registry_program()
