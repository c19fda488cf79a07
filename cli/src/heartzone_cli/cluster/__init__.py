"""The cluster that a command works on: its settings or a running `heartzone up`, and how its topics are read."""
