"""Packages and daemons that a node takes of its machine."""
