"""Manifests: loading and rendering of EventTopics, and their CustomResourceDefinition. No client library."""
