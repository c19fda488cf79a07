"""Runs of exactly_once, and what they wrote."""
