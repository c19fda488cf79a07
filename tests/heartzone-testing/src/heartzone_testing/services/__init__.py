"""The services as processes."""
