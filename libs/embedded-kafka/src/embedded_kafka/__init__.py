"""A real Kafka and a real schema registry as child processes, without Docker or an installed Java."""
