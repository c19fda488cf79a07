"""Properties of the Kafka and registry clients, as settings."""
