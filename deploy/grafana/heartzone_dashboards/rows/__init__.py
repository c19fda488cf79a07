"""The rows of the dashboards, by the part of heartzone that they are about."""
