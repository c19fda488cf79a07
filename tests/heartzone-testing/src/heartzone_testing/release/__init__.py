"""Helm, and a release of the chart."""
