"""Addresses that keys may come from: whoever could change them on the way could make tokens."""

from ipaddress import ip_address
from urllib.parse import urlsplit


def check_address(url: str) -> str:
    """The URL, if keys fetched from it are the issuer's: by https, or from this machine.

    Raises:
        ValueError: it is not.
    """
    parts = urlsplit(url)
    if not parts.hostname or parts.username is not None or parts.query or parts.fragment:
        raise ValueError("an address like https://issuer.example.org was expected")
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(parts.hostname)):
        raise ValueError("https was expected: whoever changed the keys on the way could make tokens")
    return url


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
