"""The `heartzone` command: works on any cluster, and runs a stack of its own on a laptop."""
