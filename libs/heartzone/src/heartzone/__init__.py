"""Messages, zones, wire format, settings and telemetry that the heartzone services share."""
