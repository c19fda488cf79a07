"""The credentials that the API takes, as its description shows them, so that Swagger UI can send them."""

from collections.abc import Iterable
from enum import Enum
from typing import Any

Json = dict[str, Any]


class SecurityScheme(Enum):
    """A method of authentication: its name in the description, and its security scheme there."""

    API_KEY = (
        "apiKey",
        {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "An API key."},
    )
    BEARER = (
        "bearer",
        {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "A token of the issuer."},
    )
    CLIENT_CERTIFICATE = (
        "clientCertificate",
        {"type": "mutualTLS", "description": "A certificate that the connection was made with."},
    )

    def __init__(self, key: str, scheme: Json) -> None:
        self.key = key
        self.scheme = scheme


def schemes(methods: Iterable[SecurityScheme]) -> Json:
    """The component ``securitySchemes``."""
    return {method.key: method.scheme for method in methods}


def requirements(methods: Iterable[SecurityScheme]) -> list[Json]:
    """The security of an operation: any one of the methods."""
    return [{method.key: []} for method in methods]
