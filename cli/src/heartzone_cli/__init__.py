"""The laptop stack and the heartzone command."""
