"""An issuer of tokens: OpenID Connect Discovery and keys over HTTP, and tokens as it signs them, or never would."""

import base64
import json
import time
from collections.abc import Mapping
from typing import Any

from joserfc.jwk import ECKey, Key, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from heartzone_testing.services.scripted_registry import ScriptedRegistry

AUDIENCE = "heartzone"


class TokenIssuer(ScriptedRegistry):
    """Publishes an RSA, an EC and an Ed25519 key while the block lasts."""

    def __init__(self) -> None:
        super().__init__()
        self.keys: dict[str, Key] = {
            "rsa": RSAKey.generate_key(2048),
            "ec": ECKey.generate_key("P-256"),
            "ed": OKPKey.generate_key("Ed25519"),
        }
        self.publishes(self.keys)

    def publishes(self, keys: Mapping[str, Key]) -> None:
        """Respond with these keys, by their ids, to every request; the issuer's description is among the members."""
        public = [{**key.as_dict(private=False), "kid": name, "use": "sig"} for name, key in keys.items()]
        self.responds_with(200, {"issuer": self.url, "jwks_uri": f"{self.url}/keys", "keys": public})

    def claims(self, **claims: Any) -> dict[str, Any]:
        """Claims that are valid for ten minutes, and these; None leaves one out."""
        now = int(time.time())
        all_claims = {"iss": self.url, "aud": AUDIENCE, "sub": "clinic", "iat": now, "exp": now + 600, **claims}
        return {name: value for name, value in all_claims.items() if value is not None}

    def token(self, key_id: str = "rsa", algorithm: str = "RS256", **claims: Any) -> str:
        """A token that the issuer signs."""
        return self.signed({"alg": algorithm, "kid": key_id}, self.claims(**claims), self.keys[key_id])

    @staticmethod
    def signed(header: Any, claims: Any, key: Key) -> str:
        """A token with any header and claims (texts go as they are), signed by the algorithm of its header."""
        algorithm = header["alg"] if isinstance(header, dict) else json.loads(header)["alg"]
        signed = f"{encoded(header)}.{encoded(claims)}"
        return f"{signed}.{base64url(JWSRegistry.algorithms[algorithm].sign(signed.encode(), key))}"


def encoded(part: Any) -> str:
    """A part of a token."""
    return base64url(part if isinstance(part, bytes) else json.dumps(part).encode())


def base64url(data: bytes) -> str:
    """Base64url without padding (RFC 7515, 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
