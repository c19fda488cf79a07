r"""API keys: a file of names and hashes, and who a key belongs to.

A key is random, with 128 bits or more, so its SHA-256 hash is enough: no dictionary holds it, and a slow hash, which
protects passwords that people choose, would only make each request slow. The file is a Secret all the same; but it
gives nobody a key. Looking a key up by its hash takes no time that says how much of it is right: whoever varies a key
cannot choose what its hash begins with.

The file has one key a line: a name, ``sha256:`` with 64 hex digits, and the devices that it may send for, if not all::

    clinic    sha256:<64 hex digits>
    clinic    sha256:<64 hex digits>
    bracelet  sha256:<64 hex digits>  3fa85f64-*  8d1c5717-*
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from hashlib import sha256

from heartzone_producer.authentication.errors import UnauthenticatedError
from heartzone_producer.authentication.principals import Principal, device_patterns

METHOD = "api-key"
KEYS_OF_ONE_NAME = 2
"""Two, so that a client can change to a new key while the old one is still valid."""
MAX_KEY_LENGTH = 512

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
_HASH = re.compile(r"sha256:([0-9a-f]{64})")


class ApiKeys:
    """The keys that are valid, by their hashes."""

    def __init__(self, principals: Mapping[bytes, Principal]) -> None:
        self._principals = principals

    def __len__(self) -> int:
        return len(self._principals)

    def principal_of(self, key: bytes) -> Principal:
        """Who a key belongs to.

        Raises:
            UnauthenticatedError: to nobody.
        """
        principal = self._principals.get(sha256(key).digest()) if len(key) <= MAX_KEY_LENGTH else None
        if principal is None:
            raise UnauthenticatedError("the API key is not valid")
        return principal


def parse_api_keys(text: str) -> ApiKeys:
    """The keys in the text of a file; ``#`` begins a comment.

    Raises:
        ValueError: a line is not one of a key, or contradicts another; its text shows no hash.
    """
    principals: dict[bytes, Principal] = {}
    of_name: defaultdict[str, list[Principal]] = defaultdict(list)
    for number, digest, principal in _lines(text):
        namesakes = of_name[principal.name]
        if digest in principals:
            raise ValueError(f"line {number} has the hash of another line; each key has one name, and one line")
        if len(namesakes) == KEYS_OF_ONE_NAME:
            raise ValueError(f"line {number} is a third key of {principal.name}; two were expected at most")
        if namesakes and namesakes[0] != principal:
            raise ValueError(f"line {number} gives {principal.name} other devices than an earlier line does")
        namesakes.append(principal)
        principals[digest] = principal
    if not principals:
        raise ValueError("there is no key in it; lines like 'clinic sha256:<64 hex digits>' were expected")
    return ApiKeys(principals)


def _lines(text: str) -> Iterator[tuple[int, bytes, Principal]]:
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        name, digest = words[0], _HASH.fullmatch(words[1]) if len(words) > 1 else None
        # Nothing of the line is shown: whoever confuses key and hash would find the key in the log.
        if not _NAME.fullmatch(name):
            raise ValueError(f"line {number} does not begin with a name of 1 to 64 letters, digits, '.', '_', '@', '-'")
        if digest is None:
            raise ValueError(f"line {number} has no 'sha256:' with 64 lower-case hex digits after the name")
        try:
            devices = device_patterns(words[2:]) if len(words) > 2 else None
        except ValueError as error:
            raise ValueError(f"line {number}: {error}") from error
        yield number, bytes.fromhex(digest[1]), Principal(METHOD, name, devices)
