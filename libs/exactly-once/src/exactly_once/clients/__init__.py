"""The two Kafka clients of a worker, over confluent-kafka."""
