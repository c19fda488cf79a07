"""Consumer groups from outside, without being a member: their positions in a topic, and their lag."""
