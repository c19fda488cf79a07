"""Keeps Kafka topics and schema subjects as EventTopic resources in Kubernetes ask for."""
