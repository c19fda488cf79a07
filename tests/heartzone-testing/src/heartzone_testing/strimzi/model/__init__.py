"""Strimzi's own classes as the judge of manifests."""
