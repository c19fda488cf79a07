"""Kafka topics and their schemas as one declared resource."""
