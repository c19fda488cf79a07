"""What a request means: pure rules from bytes to a message, or to what is wrong with them."""
