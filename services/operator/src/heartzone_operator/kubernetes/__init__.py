"""The Kubernetes side: API client, watch, status writer, events, finalizers, leader election and startup."""
