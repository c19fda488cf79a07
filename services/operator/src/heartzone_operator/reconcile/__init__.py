"""The reconcile loop: batches of resources that are due, observed, planned, applied and written."""
