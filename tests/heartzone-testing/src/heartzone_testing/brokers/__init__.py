"""Topics on a broker, and what can go wrong between it and its clients."""
