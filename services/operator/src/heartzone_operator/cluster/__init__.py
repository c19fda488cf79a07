"""The Kafka and registry side: both adapters behind circuit breakers, with full observations and quick checks."""
