"""Programs built from Go modules."""
