"""A Kafka cluster: its nodes, their storage and settings, its users."""
