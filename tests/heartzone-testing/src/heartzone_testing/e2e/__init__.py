"""`make e2e`: tests on a node of their own."""
