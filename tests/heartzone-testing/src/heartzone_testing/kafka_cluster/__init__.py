"""A Kafka in Kubernetes."""
