"""Consume, transform and produce in Kafka transactions: effectively-once stream processing."""
