"""Brokers, services, clusters, traffic and its audit, for the tests and benchmarks of heartzone."""
