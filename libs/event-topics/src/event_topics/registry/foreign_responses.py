"""Responses that no registry gives: of a proxy, a login page, another service at the registry's address.

Imports the HTTP library, which takes long: imported by those who make a client, when they make it.
"""

import re
from http import HTTPStatus

from confluent_kafka.schema_registry.common._httpx_compat import httpx

_NO_REGISTRY_SAYS_MORE = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.REQUEST_TIMEOUT, 429})
_credentials = re.compile(r"//[^\s,]*@")


class ForeignResponseError(Exception):
    """The response is none of a registry's; the text says whose it may be, without credentials.

    ``misplaced``: the address is not a registry's, whatever time it is.
    """

    def __init__(self, text: str, *, misplaced: bool) -> None:
        super().__init__(text)
        self.misplaced = misplaced


def reject_foreign_responses(session: httpx.Client) -> None:
    """Let a session raise ForeignResponseError for them, so that the client asks the next of several addresses.

    A redirect is not followed: nobody but the one who configured the address says where credentials go.
    """
    session.event_hooks = {"response": [*session.event_hooks["response"], _check]}


def without_credentials(text: str) -> str:
    """A text as messages may have it: no address in it has a user or password."""
    return _credentials.sub("//", text)


def _check(response: httpx.Response) -> None:
    status, address = response.status_code, _address(response.request.url)
    if response.is_redirect:
        target = response.headers.get("Location", "")
        raise ForeignResponseError(
            f"{address} redirects to {_target(response, target)}; give that address instead", misplaced=True
        )
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _NO_REGISTRY_SAYS_MORE:
        return
    response.read()
    try:
        document = response.json() if response.content else None
    except ValueError as error:
        raise ForeignResponseError(
            f"{address} responds with status {status} and no JSON", misplaced=status == HTTPStatus.NOT_FOUND
        ) from error
    if status == HTTPStatus.NOT_FOUND and not _is_of_registry(document):
        raise ForeignResponseError(f"{address} responds with status 404 as no registry does", misplaced=True)


def _is_of_registry(document: object) -> bool:
    """Whether this is the body of a 404 in Confluent's API: only such a one says that something is absent."""
    code = document.get("error_code") if isinstance(document, dict) else None
    return isinstance(code, int) and code // 100 == HTTPStatus.NOT_FOUND


def _target(response: httpx.Response, location: str) -> str:
    try:
        return _address(response.request.url.join(location))
    except (httpx.InvalidURL, ValueError):
        return "no address"


def _address(url: httpx.URL) -> str:
    """Without credentials, and without a query, which may have some."""
    return str(url.copy_with(username=None, password=None, query=None, fragment=None))
