"""A registry's readiness, as any client sees it."""

import json
import ssl
import urllib.error
import urllib.request
from base64 import b64encode

from embedded_kafka.certificates import Certificates

TIMEOUT_S = 2


class RegistryProbe:
    """Asks the registry at the base URL of its Confluent API."""

    def __init__(self, url: str, *, basic_auth: tuple[str, str] | None, certificates: Certificates | None) -> None:
        self._url = url
        self._headers: dict[str, str] = {}
        if basic_auth is not None:
            self._headers["Authorization"] = f"Basic {b64encode(':'.join(basic_auth).encode()).decode()}"
        # No proxy of the environment between this machine and itself.
        handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({})]
        if certificates is not None:
            context = ssl.create_default_context(cafile=certificates.ca)
            handlers.append(urllib.request.HTTPSHandler(context=context))
        self._opener = urllib.request.build_opener(*handlers)

    def sees(self, nonce: str) -> bool:
        """Check whether the registry that was started with this nonce responds, and can read its store."""
        try:
            info = json.loads(self._get(self._url.replace("/apis/ccompat/v7", "/apis/registry/v3/system/info")))
            self._get(f"{self._url}/subjects")
        except urllib.error.HTTPError as error:
            error.close()
            return False
        except (OSError, ValueError):
            return False
        return bool(info.get("description") == nonce)

    def _get(self, url: str) -> bytes:
        request = urllib.request.Request(url, headers=self._headers)  # noqa: S310  # built here, always on loopback
        with self._opener.open(request, timeout=TIMEOUT_S) as response:
            body: bytes = response.read()
        return body
