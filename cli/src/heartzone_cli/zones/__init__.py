"""`heartzone zones`: zone events, live."""
