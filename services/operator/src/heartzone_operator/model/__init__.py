"""The pure model: resources, their index, triage, work, conditions and reasons. No I/O, no client library."""
