"""A real Kubernetes API or node for tests, built from source."""
