"""Operators, and the resources that they serve."""
