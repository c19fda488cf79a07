"""The lag of consumer groups, for every partition of their topics, whether a member owns it or not."""
