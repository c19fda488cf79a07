"""Settings of the web API, beside those that every service has."""

import re
from collections.abc import Mapping, Set
from typing import ClassVar, Self

from pydantic import Field, field_validator, model_validator

from heartzone.refused_properties import REFUSED_PROPERTIES
from heartzone.settings import VARIABLE_PREFIX, TopicSettings
from heartzone_producer.access_settings import AuthenticationSettings, RateLimitSettings, TlsSettings, contradiction
from service_chassis.settings import ServiceSettings

_ACKNOWLEDGED = "a record counts as written only when all in-sync replicas have it"
_ORDER = "the order of a device's readings holds only with the client's own limit"
_GIVEN_UP = (
    "a record that librdkafka gave up by itself would have it send others again as if they were new; use"
    " HEARTZONE_HTTP_ACKNOWLEDGEMENT_TIMEOUT"
)

_is_origin = re.compile(r"\*|https?://[^\s,/?#@]+").fullmatch


class ProducerSettings(ServiceSettings, env_prefix=VARIABLE_PREFIX):
    """Variables that the web API reads."""

    refused_properties: ClassVar[Mapping[str, str]] = {
        "acks": _ACKNOWLEDGED,
        "delivery.report.only.error": "a request gets its response when the delivery report of its record arrives",
        "delivery.timeout.ms": _GIVEN_UP,
        "enable.gapless.guarantee": "a record that a broker rejects would have others sent again as if they were new",
        "enable.idempotence": "without it a retry may write a record twice",
        "max.in.flight": _ORDER,
        "max.in.flight.requests.per.connection": _ORDER,
        "message.timeout.ms": _GIVEN_UP,
        "request.required.acks": _ACKNOWLEDGED,
    }
    refused_by_others: ClassVar[Set[str]] = REFUSED_PROPERTIES

    topic: TopicSettings = Field(default_factory=TopicSettings)
    auth: AuthenticationSettings = Field(default_factory=AuthenticationSettings)
    rate_limit: RateLimitSettings = Field(default_factory=RateLimitSettings)
    tls: TlsSettings = Field(default_factory=TlsSettings)
    http_port: int = Field(default=8080, ge=0, le=65535, description="Port of the API; 0 takes a free one.")
    http_body_limit: int = Field(
        default=1024 * 1024,
        ge=1024,
        le=64 * 1024 * 1024,
        description="Maximum size of a request's body in bytes. Kafka's own limit of a record (`message.max.bytes`,"
        " 1,000,000) holds beside it.",
    )
    http_body_memory: int = Field(
        default=64 * 1024 * 1024,
        ge=1024,
        description="Maximum size in bytes of all bodies that are being received at a time, without the first 16 KiB of"
        " each; the response to more is 429. Bounds what clients take that send large bodies slowly.",
    )
    http_request_timeout: float = Field(
        default=20.0,
        gt=0,
        description="Seconds within which a client has to send a whole request, and to read its response; then its"
        " connection is closed.",
    )
    http_keep_alive: float = Field(
        default=75.0,
        ge=1,
        description="Seconds for which a connection without a request stays open. Longer than a proxy or load balancer"
        " keeps it, or a request meets a connection that is just being closed, and its client gets a 502: Google's keep"
        " it for 600 s, most others for 60 s or less.",
    )
    http_max_connections: int = Field(
        default=12_000,
        ge=1,
        description="Maximum number of open connections. When there are more, those that have waited longest for a"
        " request are closed; while none waits for one, a new connection gets a 429.",
    )
    http_acknowledgement_timeout: float = Field(
        default=30.0,
        ge=1,
        le=120,
        description="Seconds for which a request waits for the brokers' acknowledgement while brokers respond; then its"
        " response is 503. Longer than the election of a leader takes: `broker.session.timeout.ms`, 9 s, and some."
        " When no broker responds, it is 3.5 s at most.",
    )
    http_max_requests: int = Field(
        default=4096,
        ge=1,
        description="Maximum number of requests handled at a time; the response to more is 429. Bounds the memory that"
        " bodies take.",
    )
    deduplication_window: float = Field(
        default=600.0,
        ge=0,
        le=86_400,
        description="Seconds for which a replica recognises a request that is sent again with its `Idempotency-Key`,"
        " and responds as it did to the first. The zone workers' setting of this name is what zone events depend on:"
        " give both the same.",
    )
    http_cors_origins: str = Field(
        default="",
        description="Origins whose pages may call the API from a browser (CORS), such as `https://app.example.org`,"
        " separated by commas; `*` is every one. Default: none.",
    )
    schema_refresh: float = Field(
        default=60.0,
        gt=0,
        description="Seconds between two lookups of the schema's latest version.",
    )

    @field_validator("http_cors_origins")
    @classmethod
    def _check_origins(cls, value: str) -> str:
        for each in _split(value):
            if not _is_origin(each):
                raise ValueError(
                    f"{each!r:.60} is no origin, which is a scheme, a host, and a port like https://a.org:8443"
                )
        return value

    @property
    def cors_origins(self) -> tuple[str, ...]:
        """The origins whose pages may call the API."""
        return _split(self.http_cors_origins)

    @model_validator(mode="after")
    def _no_contradiction(self) -> Self:
        if sentence := contradiction(self.auth, self.tls, self.rate_limit):
            raise ValueError(sentence)
        return self


def _split(text: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in text.split(",") if each.strip())
