"""Getting records to Kafka: the producer and its acknowledgements, and whether broker and registry are there."""
