"""Messages, zones, wire format and topics that the heartzone services share."""
