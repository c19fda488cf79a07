"""A schema registry with the Confluent API: Apicurio."""
