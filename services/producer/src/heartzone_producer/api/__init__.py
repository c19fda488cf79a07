"""The web side: routes, bodies, responses, problems and their description."""
