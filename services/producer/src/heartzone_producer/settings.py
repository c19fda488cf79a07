"""Settings of the web API, beside those that every service has."""

from collections.abc import Mapping, Set
from typing import ClassVar

from pydantic import Field

from heartzone.refused_properties import REFUSED_PROPERTIES
from heartzone.settings import VARIABLE_PREFIX, TopicSettings
from service_chassis.settings import ServiceSettings

_ACKNOWLEDGED = "a record counts as written only when all in-sync replicas have it"
_ORDER = "the order of a device's readings holds only with the client's own limit"
_DEADLINE = (
    "a request gets its response within 5 s, and a record that is retried for longer would be stored after its client"
    " got a 503"
)


class ProducerSettings(ServiceSettings, env_prefix=VARIABLE_PREFIX):
    """Variables that the web API reads."""

    refused_properties: ClassVar[Mapping[str, str]] = {
        "acks": _ACKNOWLEDGED,
        "delivery.report.only.error": "a request gets its response when the delivery report of its record arrives",
        "delivery.timeout.ms": _DEADLINE,
        "enable.idempotence": "without it a retry may write a record twice",
        "max.in.flight": _ORDER,
        "max.in.flight.requests.per.connection": _ORDER,
        "message.timeout.ms": _DEADLINE,
        "request.required.acks": _ACKNOWLEDGED,
    }
    refused_by_others: ClassVar[Set[str]] = REFUSED_PROPERTIES

    topic: TopicSettings = Field(default_factory=TopicSettings)
    http_port: int = Field(default=8080, ge=0, le=65535, description="Port of the API; 0 takes a free one.")
    http_body_limit: int = Field(
        default=1024 * 1024,
        ge=1024,
        le=64 * 1024 * 1024,
        description="Maximum size of a request's body in bytes. Kafka's own limit of a record (`message.max.bytes`,"
        " 1,000,000) holds beside it.",
    )
    http_request_timeout: float = Field(
        default=20.0,
        gt=0,
        description="Seconds within which a client has to send a whole request; then its connection is closed.",
    )
    http_max_requests: int = Field(
        default=4096,
        ge=1,
        description="Maximum number of requests handled at a time; the response to more is 429. Bounds the memory that"
        " bodies take.",
    )
    schema_refresh: float = Field(
        default=60.0,
        gt=0,
        description="Seconds between two lookups of the schema's latest version.",
    )
