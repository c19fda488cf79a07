"""The keys of an issuer (RFC 7517), and which of them a token may have been signed with. Pure."""

from collections.abc import Iterable, Iterator
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey, import_key
from msgspec import Struct

MAX_KEYS = 100
MIN_RSA_BITS = 2048  # RFC 7518, 3.3

# What a key of each algorithm is. A secret key is none of them: whoever may check a token could make it.
_KEY_TYPES: dict[str, tuple[type[RSAKey | ECKey | OKPKey], str | None]] = {
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), (RSAKey, None)),
    "ES256": (ECKey, "P-256"),
    "ES384": (ECKey, "P-384"),
    "ES512": (ECKey, "P-521"),
    "EdDSA": (OKPKey, "Ed25519"),
    "Ed25519": (OKPKey, "Ed25519"),
}
_PUBLIC_MEMBERS = {"kty", "n", "e", "crv", "x", "y"}


class IssuerKey(Struct, frozen=True):
    """A public key, its id and the one algorithm that it is for, where the issuer says so."""

    key: Key
    key_id: str | None
    algorithm: str | None

    def suits(self, algorithm: str) -> bool:
        """Whether a signature of that algorithm can be by this key."""
        kind, curve = _KEY_TYPES[algorithm]
        return (
            isinstance(self.key, kind)
            and (curve is None or self.key.dict_value.get("crv") == curve)
            and self.algorithm in (None, algorithm)
        )


class KeySet:
    """The keys of an issuer that are for signatures."""

    def __init__(self, keys: Iterable[IssuerKey]) -> None:
        self._keys = list(keys)

    def __len__(self) -> int:
        return len(self._keys)

    def find(self, key_id: str | None, algorithm: str) -> Key | None:
        """The key of a token that names it; without an id it has to be the only one that suits."""
        found = [each for each in self._keys if each.suits(algorithm) and key_id in (None, each.key_id)]
        return found[0].key if len(found) == 1 else None


def key_set(document: Any) -> KeySet:
    """The keys of a JWK Set; those that are of no use here are left out (RFC 7517, 5).

    Raises:
        ValueError: it is no JWK Set.
    """
    keys = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(keys, list):
        raise ValueError("it is no JSON Web Key Set")
    return KeySet(_usable(keys[:MAX_KEYS]))


def _usable(keys: Iterable[Any]) -> Iterator[IssuerKey]:
    for each in keys:
        if not isinstance(each, dict) or each.get("use", "sig") != "sig" or each.get("kty") not in ("RSA", "EC", "OKP"):
            continue
        operations, key_id, algorithm = each.get("key_ops", ["verify"]), each.get("kid"), each.get("alg")
        if not isinstance(operations, list) or "verify" not in operations or not isinstance(key_id, str | None):
            continue
        try:
            # Its private part, should an issuer publish that, is none of our business.
            key = import_key({name: value for name, value in each.items() if name in _PUBLIC_MEMBERS})
            if isinstance(key, RSAKey) and key.raw_value.key_size < MIN_RSA_BITS:
                continue
        except (JoseError, ValueError, TypeError, KeyError):
            continue
        yield IssuerKey(key, key_id, algorithm)
