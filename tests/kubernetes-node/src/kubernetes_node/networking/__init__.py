"""The network of a node, and its policies."""
