"""The command `event-topics`, whose parts `heartzone topics` uses as well: plan, apply and export on a terminal."""
