"""The chart: rendered, and the definitions that its objects need."""
