"""KEDA in Kubernetes, and what it scales."""
