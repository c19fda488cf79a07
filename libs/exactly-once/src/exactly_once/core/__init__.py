"""Decisions of the engine, without a Kafka client: each can be tested without a broker."""
