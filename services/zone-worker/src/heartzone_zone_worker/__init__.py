"""Turns heart-rate readings into zone events, exactly once."""
