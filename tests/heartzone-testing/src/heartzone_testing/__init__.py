"""What the tests and benchmarks of heartzone share."""
