"""Authentication of requests: credentials in, a principal out. Knows neither routes nor responses."""
