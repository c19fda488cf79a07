"""Workers of exactly_once as processes that are killed, frozen and cut off, and an audit of what they wrote."""
