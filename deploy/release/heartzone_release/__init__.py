"""A release: wheels, chart and images, built and pushed; see docs/release.md."""
