"""Fetch the keys of an issuer, by OpenID Connect Discovery or from the address that a setting gives.

Imports the HTTP library, which takes long: imported on the thread that fetches.
"""

import ssl
from pathlib import Path
from typing import Any

import httpx2
import msgspec

from heartzone_producer.addresses import check_address
from heartzone_producer.authentication.errors import IssuerUnavailableError
from heartzone_producer.authentication.key_set import KeySet, key_set
from service_chassis.schema_registry.response_limits import ResponseLimitError, bound_responses

TIMEOUT = 3.0
MAX_BYTES = 1024 * 1024
MAX_SECONDS = 5.0
DISCOVERY = "/.well-known/openid-configuration"


def fetch_keys(issuer: str, jwks_url: str | None, ca_file: Path | None) -> KeySet:
    """The issuer's keys as they are now; blocks for seconds at most.

    Raises:
        IssuerUnavailableError: they cannot be fetched, or there is none that is usable.
    """
    verify = True if ca_file is None else ssl.create_default_context(cafile=ca_file)
    # Without redirects: nobody but the address that was configured says where the keys are.
    with httpx2.Client(verify=verify, timeout=TIMEOUT, follow_redirects=False) as client:
        bound_responses(client, max_bytes=MAX_BYTES, max_seconds=MAX_SECONDS)
        url = jwks_url or _discover(client, issuer)
        try:
            keys = key_set(_get(client, url))
        except ValueError as error:
            raise IssuerUnavailableError(f"{url} does not respond with keys ({error})") from error
    if not keys:
        raise IssuerUnavailableError(f"{url} has no key that is usable for signatures")
    return keys


def _discover(client: httpx2.Client, issuer: str) -> str:
    url = f"{issuer.removesuffix('/')}{DISCOVERY}"
    document = _get(client, url)
    # OpenID Connect Discovery, 4.3: or another issuer's keys would pass for this one's.
    if not isinstance(document, dict) or document.get("issuer") != issuer:
        raise IssuerUnavailableError(f"{url} is not the description of the issuer {issuer}")
    address = document.get("jwks_uri")
    try:
        return check_address(address if isinstance(address, str) else "")
    except ValueError as error:
        raise IssuerUnavailableError(f"jwks_uri of {url} is no address of keys ({error})") from error


def _get(client: httpx2.Client, url: str) -> Any:
    try:
        response = client.get(url, headers={"Accept": "application/json"})
        if response.status_code != 200:
            raise IssuerUnavailableError(f"{url} responds with status {response.status_code}")
        return msgspec.json.decode(response.content)
    except (httpx2.HTTPError, httpx2.InvalidURL, ResponseLimitError, OSError) as error:
        raise IssuerUnavailableError(f"{url} cannot be fetched ({error or type(error).__name__})") from error
    except ValueError as error:
        raise IssuerUnavailableError(f"{url} does not respond with JSON") from error
