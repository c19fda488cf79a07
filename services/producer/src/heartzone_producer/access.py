"""From settings to what stands before the endpoints: who may send, and how much."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from starlette.middleware import Middleware

from heartzone_producer.api.authentication import RequirePrincipal
from heartzone_producer.api.openapi_security import SecurityScheme
from heartzone_producer.authentication.api_keys import parse_api_keys
from heartzone_producer.authentication.authenticator import Authenticator
from heartzone_producer.authentication.followed_files import FollowedFiles
from heartzone_producer.settings import ProducerSettings
from service_chassis.settings import SettingsError
from service_chassis.settings.variables import variable

T = TypeVar("T")


def guards(settings: ProducerSettings) -> Sequence[Middleware]:
    """Middleware of the routes that take messages, outermost first; empty when everybody may send everything.

    Raises:
        SettingsError: a file that a setting names cannot be used.
    """
    authenticator = _authenticator(settings)
    return [] if authenticator is None else [Middleware(RequirePrincipal, authenticator=authenticator)]


def security(settings: ProducerSettings) -> Sequence[SecurityScheme]:
    """The methods that are configured, for the description of the API."""
    return [SecurityScheme.API_KEY] if settings.auth.api_keys_file else []


def _authenticator(settings: ProducerSettings) -> Authenticator | None:
    auth = settings.auth
    if auth.api_keys_file is None:
        return None
    file = auth.api_keys_file
    keys = _followed("auth", "api_keys_file", [file], lambda: parse_api_keys(file.read_text(encoding="utf-8")))
    return Authenticator(api_keys=lambda: keys.current, devices=auth.devices)


def _followed(group: str, field: str, files: Sequence[Path], load: Callable[[], T]) -> FollowedFiles[T]:
    try:
        return FollowedFiles(field, files, load)
    except OSError as error:
        name = variable(ProducerSettings, group, field)
        raise SettingsError(f"{name}: {error.filename or files[0]} cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise SettingsError(f"{variable(ProducerSettings, group, field)}: {files[0]}: {error}") from error
