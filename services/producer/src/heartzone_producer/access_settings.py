"""Settings of who may send, how much, and over which connections."""

from ipaddress import ip_network
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from heartzone_producer.addresses import check_address

Rate = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,8}/(second|minute|hour|day)$")]
SIGNATURE_ALGORITHMS = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
    "Ed25519",
)
"""Signatures that tokens may have, each by a private key that only the issuer has."""


class AuthenticationSettings(BaseModel):
    """Methods by which principals are authenticated, in any combination; without one everybody may send."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    api_keys_file: Path | None = Field(
        None,
        description="File of API keys, one a line: a name, `sha256:` with the key's hash, and the devices that it may"
        " send for, if not all. Followed when it changes. docs/authentication.md says how to make a key.",
    )
    jwt_issuer: str | None = Field(
        None,
        description="Issuer of tokens (JWT), as their claim `iss` has it: `Authorization: Bearer` is taken. Its keys"
        " are found by OpenID Connect Discovery, unless `HEARTZONE_AUTH_JWT_JWKS_URL` says where.",
    )
    jwt_audience: str | None = Field(
        None,
        description="Audience of tokens: one of their claim `aud` has to be this. Required with an issuer.",
    )
    jwt_jwks_url: str | None = Field(
        None,
        description="Address of the issuer's keys (JWK Set), instead of discovery. https, or this machine.",
    )
    jwt_algorithms: str = Field(
        "RS256,ES256,EdDSA",
        description="Algorithms of signatures that are allowed, separated by commas: RS256, RS384, RS512, PS256, PS384,"
        " PS512, ES256, ES384, ES512, EdDSA, Ed25519.",
    )
    jwt_leeway: int = Field(
        30, ge=0, le=300, description="Seconds by which the issuer's clock may differ, for `exp`, `nbf` and `iat`."
    )
    jwt_principal_claim: str = Field("sub", min_length=1, description="Claim that names the principal.")
    jwt_devices_claim: str | None = Field(
        None,
        description="Claim with the devices that a token is for: device ids, or their beginnings followed by `*`, as an"
        " array or a text. A token without the claim is for none. Default: tokens are for all devices.",
    )
    jwt_ca_file: Path | None = Field(
        None, description="File with the CA certificates of the issuer's server. Default: public CAs."
    )
    client_ca_file: Path | None = Field(
        None,
        description="File with the CA certificates of clients: the certificate that one connects with names the"
        " principal. Takes TLS on the API's own port. Followed when it changes.",
    )
    devices: str | None = Field(
        None,
        description="Pattern of the devices that principals may send for whose credential does not say: `{name}` stands"
        " for the principal's name, `*` at the end for anything. Such as `{name}` where each device has a credential of"
        " its own. Default: all devices.",
    )

    @property
    def algorithms(self) -> tuple[str, ...]:
        """The allowed algorithms of tokens."""
        return tuple(each.strip() for each in self.jwt_algorithms.split(","))

    @property
    def methods(self) -> bool:
        """Whether there is any method."""
        return any(each is not None for each in (self.api_keys_file, self.jwt_issuer, self.client_ca_file))

    @field_validator("jwt_jwks_url")
    @classmethod
    def _safe_address(cls, url: str | None) -> str | None:
        return url if url is None else check_address(url)

    @field_validator("jwt_algorithms")
    @classmethod
    def _known_algorithms(cls, text: str) -> str:
        for each in text.split(","):
            if each.strip() not in SIGNATURE_ALGORITHMS:
                raise ValueError(f"{each.strip()!r:.40} is none of {', '.join(SIGNATURE_ALGORITHMS)}")
        return text

    @field_validator("devices")
    @classmethod
    def _one_star_at_the_end(cls, pattern: str | None) -> str | None:
        stem = (pattern or "").removesuffix("*").replace("{name}", "")
        if any(each in stem for each in "*{}"):
            raise ValueError("a pattern like {name} or {name}-* was expected")
        return pattern


class TlsSettings(BaseModel):
    """TLS on the API's own port, where no proxy in front of it ends TLS."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    certificate_file: Path | None = Field(
        None,
        description="File with the API's certificate and those between it and its CA (PEM): the API is reached by"
        " https. Followed when it changes.",
    )
    key_file: Path | None = Field(
        None, description="File with the certificate's private key (PEM), without a password. Followed when it changes."
    )


class RateLimitSettings(BaseModel):
    """How many requests one sender may send to one replica, in fixed windows. A batch is one request."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    address: Rate | None = Field(
        None,
        description="Maximum number of requests of one address, such as `600/minute` (`second`, `minute`, `hour` or"
        " `day`); the response to more is 429. Each replica counts for itself. Default: no limit.",
    )
    principal: Rate | None = Field(
        None, description="Maximum number of requests of one principal, in the same form. Default: no limit."
    )
    trusted_proxies: str | None = Field(
        None,
        description="Addresses or networks of proxies in front of the API, separated by commas, such as `10.0.0.0/8`:"
        " their `X-Forwarded-For` says which address a request comes from. Without it, all that come through a proxy"
        " share one limit.",
    )

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, text: str | None) -> str | None:
        for each in (text or "").split(",") if text is not None else ():
            try:
                ip_network(each.strip())
            except ValueError as error:
                raise ValueError("addresses or networks like 10.0.0.0/8 were expected, separated by commas") from error
        return text


def contradiction(auth: AuthenticationSettings, tls: TlsSettings, rate_limit: RateLimitSettings) -> str | None:
    """A sentence on what contradicts another setting, if anything does."""
    nobody = "without any HEARTZONE_AUTH_… that names principals"
    found = [
        auth.devices is not None and not auth.methods and f"HEARTZONE_AUTH_DEVICES is set {nobody}",
        rate_limit.principal is not None and not auth.methods and f"HEARTZONE_RATE_LIMIT_PRINCIPAL is set {nobody}",
        rate_limit.trusted_proxies is not None
        and rate_limit.address is None
        and "HEARTZONE_RATE_LIMIT_TRUSTED_PROXIES is set without HEARTZONE_RATE_LIMIT_ADDRESS",
        (tls.certificate_file is None) != (tls.key_file is None)
        and "HEARTZONE_TLS_CERTIFICATE_FILE and HEARTZONE_TLS_KEY_FILE go together; one is not set",
        auth.client_ca_file is not None
        and tls.certificate_file is None
        and "HEARTZONE_AUTH_CLIENT_CA_FILE is set without HEARTZONE_TLS_CERTIFICATE_FILE; clients show their"
        " certificates in a TLS handshake",
        _about_tokens(auth),
    ]
    return next((sentence for sentence in found if sentence), None)


def _about_tokens(auth: AuthenticationSettings) -> str | None:
    if auth.jwt_issuer is None:
        without = {"jwt_audience", "jwt_jwks_url", "jwt_algorithms", "jwt_devices_claim", "jwt_ca_file"}
        for name in sorted(without & auth.model_fields_set):
            return f"HEARTZONE_AUTH_{name.upper()} is set without HEARTZONE_AUTH_JWT_ISSUER, which names the issuer"
        return None
    if auth.jwt_audience is None:
        return "HEARTZONE_AUTH_JWT_AUDIENCE is not set; without it, tokens for any other service would be taken"
    if auth.jwt_jwks_url is None:
        try:
            check_address(auth.jwt_issuer)
        except ValueError as error:
            return f"HEARTZONE_AUTH_JWT_ISSUER is {auth.jwt_issuer!r:.60}; {error}, or HEARTZONE_AUTH_JWT_JWKS_URL"
    return None
