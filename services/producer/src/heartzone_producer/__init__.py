"""The web API that accepts heart-rate readings and writes them to Kafka."""
