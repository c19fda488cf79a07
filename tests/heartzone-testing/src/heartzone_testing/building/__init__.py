"""Programs that are built before the tests that need them."""
