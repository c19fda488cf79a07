"""`heartzone dead-letters`: list, show, replay and drop what the workers could not process."""
