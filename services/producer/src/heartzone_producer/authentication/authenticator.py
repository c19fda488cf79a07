"""From the credentials of a request to its principal, by the methods that are configured."""

from collections.abc import Callable

from heartzone_producer.authentication.api_keys import ApiKeys
from heartzone_producer.authentication.errors import UnauthenticatedError
from heartzone_producer.authentication.principals import Principal, own_devices

API_KEY_HEADER = "X-API-Key"
REALM = "heartzone"

Headers = list[tuple[bytes, bytes]]


class Authenticator:
    """Any combination of methods. A request has one credential; one that is not valid is never passed over for another.

    Args:
        api_keys: the keys that are valid now; None: keys are not taken.
        devices: pattern of the devices that principals may send for whose credential does not say.
    """

    def __init__(self, *, api_keys: Callable[[], ApiKeys] | None = None, devices: str | None = None) -> None:
        self._api_keys = api_keys
        self._devices = devices

    async def authenticate(self, headers: Headers) -> Principal:
        """Who sends a request with these headers.

        Raises:
            AuthenticationError: it is not known.
        """
        keys = [value for name, value in headers if name == b"x-api-key"]
        if len(keys) > 1:
            raise UnauthenticatedError(f"there are {len(keys)} credentials; one was expected")
        if keys and self._api_keys is not None:
            return self._bound(self._api_keys().principal_of(keys[0]))
        raise UnauthenticatedError("there is no credential")

    @property
    def expected(self) -> str:
        """What a client may send."""
        return f"an API key in {API_KEY_HEADER}"

    @property
    def challenges(self) -> str:
        """The value of WWW-Authenticate."""
        return f'ApiKey realm="{REALM}"'

    def _bound(self, principal: Principal) -> Principal:
        if self._devices is None or principal.devices is not None:
            return principal
        return Principal(principal.method, principal.name, own_devices(self._devices, principal.name))
