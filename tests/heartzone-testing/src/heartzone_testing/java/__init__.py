"""Programs in Java, compiled and run on the runtime that embedded Kafka uses."""
