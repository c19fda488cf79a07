"""Limits on the requests of one sender: by address, before anything is checked, and by principal."""

from collections.abc import Callable
from ipaddress import IPv6Address
from math import ceil
from time import time

from limits import RateLimitItem
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from heartzone_producer.api.authentication import PRINCIPAL
from heartzone_producer.api.problems import ProblemError, ProblemKind
from heartzone_producer.authentication.principals import Principal
from heartzone_producer.rate_counters import FixedWindows
from heartzone_producer.rejections import RejectionReason

IPV6_PREFIX = 64
"""Bits of an IPv6 address that make a sender: one host has the others for itself (RFC 6177)."""


class RateLimit:
    """Pure ASGI middleware of a route: 429 for what is beyond a limit, and RateLimit headers
    (draft-ietf-httpapi-ratelimit-headers-10) for what is not.

    Args:
        name: the policy, as headers and responses call it.
        sender: who sends a request.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        name: str,
        item: RateLimitItem,
        windows: FixedWindows,
        sender: Callable[[Scope], str],
    ) -> None:
        self._app = app
        self._name = name
        self._item = item
        self._windows = windows
        self._sender = sender
        self._policy = f'"{name}";q={item.amount};w={item.get_expiry()}'
        self._policy_header = (b"ratelimit-policy", self._policy.encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on.

        Raises:
            ProblemError: 429.
        """
        sender = self._sender(scope)
        count, end = self._windows.count(self._item, self._name, sender)
        remaining = self._item.amount - count
        seconds = max(1, ceil(end - time()))
        state = f'"{self._name}";r={max(0, remaining)};t={seconds}'
        if remaining < 0:
            raise ProblemError(
                ProblemKind.TOO_MANY_REQUESTS,
                f"This {self._name} has sent {self._item.amount} requests within {self._item.get_expiry()} s, which is"
                f" the limit. Send this one again in {seconds} s.",
                headers={"Retry-After": str(seconds), "RateLimit-Policy": self._policy, "RateLimit": state},
                reason=RejectionReason.RATE_LIMITED,
            )
        headers = [self._policy_header, (b"ratelimit", state.encode())]

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *headers]}
            await send(message)

        await self._app(scope, receive, send_with_headers)


def address_of(scope: Scope) -> str:
    """The address that a request comes from: of IPv6 the network of a host."""
    client: tuple[str, int] | None = scope.get("client")
    if client is None:
        return "unknown"
    host = client[0]
    if ":" not in host:
        return host
    try:
        address = IPv6Address(host)
    except ValueError:
        return host[:64]  # as a proxy wrote it
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return f"{int(address) >> 128 - IPV6_PREFIX:x}::"


def principal_of(scope: Scope) -> str:
    """The principal of a request that `RequirePrincipal` has let pass."""
    principal: Principal = scope[PRINCIPAL]
    return f"{principal.method}:{principal.name}"
