"""Linux namespaces and control groups."""
