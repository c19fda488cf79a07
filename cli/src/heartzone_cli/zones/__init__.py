"""`heartzone zones`: the output topic, live."""
