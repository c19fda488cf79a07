"""From settings to what stands before the endpoints: who may send, and how much."""

import ssl
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal, TypeVar

from starlette.middleware import Middleware

from heartzone_producer.access_settings import AuthenticationSettings
from heartzone_producer.api.authentication import RequirePrincipal
from heartzone_producer.api.openapi_security import SecurityScheme
from heartzone_producer.api.tls import following_context, server_context
from heartzone_producer.authentication.api_keys import ApiKeys, parse_api_keys
from heartzone_producer.authentication.authenticator import Authenticator
from heartzone_producer.authentication.principals import Principal
from heartzone_producer.settings import ProducerSettings
from service_chassis.followed_files import FollowedFiles
from service_chassis.settings import SettingsError
from service_chassis.settings.variables import variable

T = TypeVar("T")


def guards(settings: ProducerSettings) -> Sequence[Middleware]:
    """Middleware of the routes that take messages, outermost first; empty when everybody may send everything.

    Raises:
        SettingsError: a file that a setting names cannot be used.
    """
    authenticator, limits = _authenticator(settings), settings.rate_limit
    found: list[Middleware] = []
    if limits.address is not None:
        found += [*_forwarded(limits.trusted_proxies), _rate_limit("address", limits.address)]
    if authenticator is not None:
        found.append(Middleware(RequirePrincipal, authenticator=authenticator))
        if limits.principal is not None:
            found.append(_rate_limit("principal", limits.principal))
    return found


def security(settings: ProducerSettings) -> Sequence[SecurityScheme]:
    """The methods that are configured, for the description of the API."""
    configured = {
        SecurityScheme.API_KEY: settings.auth.api_keys_file,
        SecurityScheme.BEARER: settings.auth.jwt_issuer,
        SecurityScheme.CLIENT_CERTIFICATE: settings.auth.client_ca_file,
    }
    return [scheme for scheme, setting in configured.items() if setting is not None]


def tls(settings: ProducerSettings) -> ssl.SSLContext | None:
    """The TLS of the API's port; None: it speaks HTTP.

    Raises:
        SettingsError: a file that a setting names cannot be used.
    """
    certificate, key, client_ca = settings.tls.certificate_file, settings.tls.key_file, settings.auth.client_ca_file
    if certificate is None or key is None:
        return None
    if client_ca is not None:
        _check_ca("client_ca_file", client_ca)
    files = [file for file in (certificate, key, client_ca) if file is not None]
    context = _followed("tls", "certificate_file", files, lambda: server_context(certificate, key, client_ca))
    return following_context(lambda: context.current)


def _authenticator(settings: ProducerSettings) -> Authenticator | None:
    auth = settings.auth
    if not auth.methods:
        return None
    return Authenticator(
        api_keys=_api_keys(auth.api_keys_file),
        token=_tokens(auth),
        certificates=auth.client_ca_file is not None,
        devices=auth.devices,
    )


def _api_keys(file: Path | None) -> Callable[[], ApiKeys] | None:
    if file is None:
        return None
    keys = _followed("auth", "api_keys_file", [file], lambda: parse_api_keys(file.read_text(encoding="utf-8")))
    return lambda: keys.current


def _tokens(auth: AuthenticationSettings) -> Callable[[bytes], Awaitable[Principal]] | None:
    issuer, audience = auth.jwt_issuer, auth.jwt_audience
    if issuer is None or audience is None:
        return None
    if auth.jwt_ca_file is not None:
        _check_ca("jwt_ca_file", auth.jwt_ca_file)
    # They take long to import, so that only who needs them does.
    from heartzone_producer.authentication.issuer_keys import IssuerKeys  # noqa: PLC0415
    from heartzone_producer.authentication.key_set import KeySet  # noqa: PLC0415
    from heartzone_producer.authentication.token_verifier import TokenVerifier  # noqa: PLC0415
    from heartzone_producer.authentication.tokens import TokenRules  # noqa: PLC0415

    def fetch() -> KeySet:
        from heartzone_producer.authentication.issuer import fetch_keys  # noqa: PLC0415

        return fetch_keys(issuer, auth.jwt_jwks_url, auth.jwt_ca_file)

    rules = TokenRules(
        issuer=issuer,
        audience=audience,
        algorithms=auth.algorithms,
        leeway=auth.jwt_leeway,
        principal_claim=auth.jwt_principal_claim,
        devices_claim=auth.jwt_devices_claim,
    )
    return TokenVerifier(rules, IssuerKeys(fetch)).principal_of


def _forwarded(trusted_proxies: str | None) -> Iterator[Middleware]:
    if trusted_proxies is not None:
        from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware  # noqa: PLC0415

        yield Middleware(ProxyHeadersMiddleware, trusted_hosts=trusted_proxies)


def _rate_limit(name: Literal["address", "principal"], rate: str) -> Middleware:
    from limits import parse  # noqa: PLC0415 it takes long to import

    from heartzone_producer.api.rate_limits import RateLimit, address_of, principal_of  # noqa: PLC0415
    from heartzone_producer.rate_counters import FixedWindows, RateCounters  # noqa: PLC0415

    # One for all routes.
    windows = FixedWindows(RateCounters())
    sender = {"address": address_of, "principal": principal_of}[name]
    return Middleware(RateLimit, name=name, item=parse(rate), windows=windows, sender=sender)


def _check_ca(field: str, file: Path) -> None:
    try:
        ssl.create_default_context(cafile=file)
    except OSError as error:  # which ssl.SSLError is
        name = variable(ProducerSettings, "auth", field)
        raise SettingsError(f"{name}: {file} cannot be read as CA certificates ({error.strerror})") from error


def _followed(group: str, field: str, files: Sequence[Path], load: Callable[[], T]) -> FollowedFiles[T]:
    try:
        return FollowedFiles(field, lambda: files, load)
    except OSError as error:
        name = variable(ProducerSettings, group, field)
        raise SettingsError(f"{name}: {error.filename or files[0]} cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise SettingsError(f"{variable(ProducerSettings, group, field)}: {files[0]}: {error}") from error
