"""Load, and the audit of what became of it."""
