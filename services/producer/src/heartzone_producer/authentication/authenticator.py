"""From the credentials of a request to its principal, by the methods that are configured."""

import re
from collections.abc import Awaitable, Callable, Mapping
from time import time

from heartzone_producer.authentication.api_keys import ApiKeys
from heartzone_producer.authentication.certificates import ClientCertificate
from heartzone_producer.authentication.errors import UnauthenticatedError
from heartzone_producer.authentication.principals import Principal, own_devices

API_KEY_HEADER = "X-API-Key"
REALM = "heartzone"

_API_KEY, _AUTHORIZATION = API_KEY_HEADER.lower().encode(), b"authorization"
_BEARER = re.compile(rb"bearer +(\S*)", re.IGNORECASE)


class Authenticator:
    """Any combination of methods. A request has one credential; one that is not valid is never passed over for another.

    Args:
        api_keys: the keys that are valid now; None: keys are not taken.
        token: the principal of a token, or UnauthenticatedError, or IssuerUnavailableError; None: tokens are not taken.
        certificates: whether the certificates that clients connect with are taken.
        devices: pattern of the devices that principals may send for whose credential does not say.
    """

    def __init__(
        self,
        *,
        api_keys: Callable[[], ApiKeys] | None = None,
        token: Callable[[bytes], Awaitable[Principal]] | None = None,
        certificates: bool = False,
        devices: str | None = None,
    ) -> None:
        self._api_keys = api_keys
        self._token = token
        self._certificates = certificates
        self._devices = devices
        methods = {_API_KEY: api_keys, _AUTHORIZATION: token}
        self._names = frozenset(name for name, method in methods.items() if method is not None)

    async def authenticate(
        self, fields: Mapping[bytes, bytes], certificate: ClientCertificate | None = None
    ) -> Principal:
        """Who sends a request with these header fields, on a connection with that certificate. Fields go first.

        Raises:
            AuthenticationError: it is not known.
        """
        credentials = [name for name in self._names if name in fields]
        if len(credentials) > 1:
            raise UnauthenticatedError(f"there are {len(credentials)} credentials; one was expected")
        if credentials:
            name = credentials[0]
            value = fields[name]
            if name == _API_KEY and self._api_keys is not None:
                return self._bound(self._api_keys().principal_of(value))
            bearer = _BEARER.fullmatch(value.strip())
            if bearer is None or self._token is None:
                raise UnauthenticatedError("Authorization is not 'Bearer' with a token")
            return self._bound(await self._token(bearer[1]))
        if certificate is not None and self._certificates:
            return self._bound(certificate.principal(time()))
        raise UnauthenticatedError("there is no credential")

    @property
    def expected(self) -> str:
        """The credentials that a client may send."""
        methods = []
        if self._api_keys is not None:
            methods.append(f"an API key in {API_KEY_HEADER}")
        if self._token is not None:
            methods.append("a token as 'Authorization: Bearer'")
        if self._certificates:
            methods.append("a client certificate of the TLS connection")
        return " or ".join(methods)

    def challenges(self, error: UnauthenticatedError) -> str:
        """The value of WWW-Authenticate (RFC 9110, 11.6.1)."""
        challenges = []
        if self._token is not None:
            invalid = ', error="invalid_token"' if error.invalid_token else ""
            challenges.append(f'Bearer realm="{REALM}"{invalid}')
        if self._api_keys is not None:
            challenges.append(f'ApiKey realm="{REALM}"')
        if self._certificates:
            # No scheme is registered for it, and each 401 has to name one.
            challenges.append(f'ClientCertificate realm="{REALM}"')
        return ", ".join(challenges)

    def _bound(self, principal: Principal) -> Principal:
        if self._devices is None or principal.devices is not None:
            return principal
        return Principal(principal.method, principal.name, own_devices(self._devices, principal.name))
