"""Images, packed and read."""
