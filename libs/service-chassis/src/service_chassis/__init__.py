"""Settings, logs, metrics, probes and the start of a service around Kafka. Imports nothing: see `early_stop`."""
