"""The Kafka adapter."""
