"""The web side: routes, bodies, answers, errors and their description."""
