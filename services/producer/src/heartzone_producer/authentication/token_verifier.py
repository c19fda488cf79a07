"""From a token to its principal. A client sends one many times, and its signature is verified once a minute."""

from collections import OrderedDict
from collections.abc import Callable
from hashlib import sha256
from time import time

from heartzone_producer.authentication.issuer_keys import IssuerKeys
from heartzone_producer.authentication.principals import Principal
from heartzone_producer.authentication.tokens import TokenRules, VerifiedToken

REMEMBERED_SECONDS = 60.0
"""For so long a token is valid although the issuer has withdrawn its key: less than keys are cached."""
MAX_REMEMBERED = 10_000


class TokenVerifier:
    """Remembers the tokens that were valid, by their hashes; one that is not takes no room."""

    def __init__(
        self,
        rules: TokenRules,
        keys: IssuerKeys,
        *,
        max_remembered: int = MAX_REMEMBERED,
        clock: Callable[[], float] = time,
    ) -> None:
        self._rules = rules
        self._keys = keys
        self._max_remembered = max_remembered
        self._clock = clock
        self._remembered: OrderedDict[bytes, VerifiedToken] = OrderedDict()

    def __len__(self) -> int:
        """How many are remembered."""
        return len(self._remembered)

    async def principal_of(self, token: bytes) -> Principal:
        """Who a token was issued to.

        Raises:
            UnauthenticatedError: it is not valid.
            IssuerUnavailableError: it is not known whether it is.
        """
        digest = sha256(token).digest()
        remembered = self._remembered.get(digest)
        if remembered is not None and self._clock() < remembered.until:
            return remembered.principal
        verified = self._rules.verify(token, await self._keys.find(self._rules.read_header(token)))
        self._remembered.pop(digest, None)
        if len(self._remembered) >= self._max_remembered:
            self._remembered.popitem(last=False)
        until = min(verified.until, self._clock() + REMEMBERED_SECONDS)
        self._remembered[digest] = VerifiedToken(verified.principal, until)
        return verified.principal
