"""The schema registry adapter."""
