"""Errors of requests whose sender is not known."""


class AuthenticationError(Exception):
    """It is not known who sends; the text says why, in one clause and without the credential.

    ├── UnauthenticatedError    no credential, or one that is not valid
    └── IssuerUnavailableError  a token that cannot be checked now
    """


class UnauthenticatedError(AuthenticationError):
    """There is no credential, or one that is not valid."""

    def __init__(self, detail: str, *, invalid_token: bool = False) -> None:
        super().__init__(detail)
        self.invalid_token = invalid_token
        """Whether a token was sent and is not valid: RFC 6750 has an error code for that."""


class IssuerUnavailableError(AuthenticationError):
    """The keys of the tokens' issuer are not known, because it does not respond as it should."""
