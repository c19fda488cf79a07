"""What a node needs of its machine."""
