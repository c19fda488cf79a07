"""Settings of the web API, beside those that every service has."""

from pydantic import Field, model_validator

from service_chassis.settings import ServiceSettings, SettingsError


class ProducerSettings(ServiceSettings):
    """What the web API reads from its environment."""

    http_port: int = Field(default=8080, ge=0, le=65535, description="Port of the API; 0 takes a free one.")
    http_body_limit: int = Field(
        default=1024 * 1024,
        ge=1024,
        le=64 * 1024 * 1024,
        description="Bytes of a request's body at most. Kafka's own limit of a record (`message.max.bytes`, 1,000,000)"
        " holds beside it.",
    )
    http_request_timeout: float = Field(
        default=20.0,
        gt=0,
        description="Seconds within which a client has to send a whole request; then its connection is closed.",
    )
    http_max_requests: int = Field(
        default=4096,
        ge=1,
        description="Requests that are handled at a time at most; more are answered 429. Bounds the memory that bodies"
        " take.",
    )
    schema_refresh: float = Field(
        default=60.0,
        gt=0,
        description="Seconds after which the registry is asked again for the latest version of the schema.",
    )

    @model_validator(mode="after")
    def _keep_the_deadline(self) -> "ProducerSettings":
        for name in ("message.timeout.ms", "delivery.timeout.ms"):
            if name in self.kafka.producer():
                raise SettingsError(
                    f"HEARTZONE_KAFKA_{name.upper().replace('.', '_')}: {name} cannot be set: a request is answered"
                    " within 5 s, and a record that is tried for longer would be stored after its client was told 503"
                )
        return self
