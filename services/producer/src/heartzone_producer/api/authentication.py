"""Requests of principals alone: 401 for everybody else, 403 for devices that are not theirs."""

from starlette.types import ASGIApp, Receive, Scope, Send

from heartzone.violations import Violation, quote
from heartzone_producer.api.header_fields import header_fields
from heartzone_producer.api.problems import RETRY_AFTER_SECONDS, ProblemError, ProblemKind
from heartzone_producer.authentication.authenticator import Authenticator
from heartzone_producer.authentication.errors import IssuerUnavailableError, UnauthenticatedError
from heartzone_producer.authentication.principals import Principal
from heartzone_producer.rejections import ServiceUnavailableReason

PRINCIPAL = "principal"
CLIENT_CERTIFICATE = "client_certificate"
"""Members of a request's scope."""


class ForbiddenDeviceError(ProblemError):
    """The principal may not send for that device."""


class RequirePrincipal:
    """Pure ASGI middleware of a route: passes on what a principal sends, who is ``scope["principal"]`` from then on."""

    def __init__(self, app: ASGIApp, *, authenticator: Authenticator) -> None:
        self._app = app
        self._authenticator = authenticator

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on.

        Raises:
            ProblemError: 401, or 503 when it cannot be known who sends.
        """
        try:
            scope[PRINCIPAL] = await self._authenticator.authenticate(
                header_fields(scope), scope.get(CLIENT_CERTIFICATE)
            )
        except UnauthenticatedError as error:
            raise ProblemError(
                ProblemKind.UNAUTHENTICATED,
                f"{_sentence(error)} Send {self._authenticator.expected}.",
                headers={"WWW-Authenticate": self._authenticator.challenges(error)},
            ) from error
        except IssuerUnavailableError as error:
            raise ProblemError(
                ProblemKind.UNAVAILABLE,
                f"{_sentence(error)} Send the request again later.",
                headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
                reason=ServiceUnavailableReason.ISSUER_UNAVAILABLE,
            ) from error
        await self._app(scope, receive, send)


def sender(scope: Scope) -> bytes:
    """Who sends a request, apart from all others; empty where nobody is authenticated."""
    principal: Principal | None = scope.get(PRINCIPAL)
    return b"" if principal is None else f"{principal.method}:{principal.name}".encode()


def check_device(scope: Scope, device_id: str | None, *, pointer: str | None = "/deviceId") -> None:
    """Return quietly when the sender of a request may send for a device; everybody may where nobody is authenticated.

    ``pointer`` is where the body has the device id.

    Raises:
        ForbiddenDeviceError: 403.
    """
    principal: Principal | None = scope.get(PRINCIPAL)
    if principal is None or principal.may_send_for(device_id):
        return
    if device_id is None:
        detail = f"the text belongs to no device, and {quote(principal.name)} may send for some devices only"
        raise ForbiddenDeviceError(ProblemKind.FORBIDDEN, detail)
    detail = f"{quote(device_id)} is not a device that {quote(principal.name)} may send for"
    violations = [] if pointer is None else [Violation(pointer, detail)]
    raise ForbiddenDeviceError(ProblemKind.FORBIDDEN, detail, violations=violations)


def _sentence(error: Exception) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."
