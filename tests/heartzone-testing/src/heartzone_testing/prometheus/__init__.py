"""A real Prometheus, for dashboards and alerts."""
