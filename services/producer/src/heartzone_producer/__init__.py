"""The web API that takes heart-rate readings in and writes them to Kafka."""
