"""deploy/strimzi: its manifests, and a Kafka that is guarded as they say."""
