"""What services around Kafka have in common: settings, logs, metrics, probes, lookups in a schema registry."""
