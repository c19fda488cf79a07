"""Pure rules from a body's bytes to a message, or to what is wrong with them."""
