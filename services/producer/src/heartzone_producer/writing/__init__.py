"""The Kafka producer and its acknowledgements, and checks of broker and registry."""
