"""Images of the services, and containers from them."""
