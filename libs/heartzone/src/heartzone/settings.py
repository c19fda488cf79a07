"""Settings that heartzone's services share: they read one environment."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

VARIABLE_PREFIX = "HEARTZONE_"

# Kafka's own rule (org.apache.kafka.common.internals.Topic.validate).
TopicName = Annotated[str, StringConstraints(min_length=1, max_length=249, pattern=r"^[a-zA-Z0-9._-]+$")]


class TopicSettings(BaseModel):
    """Names of the topics: field ``raw`` is the variable HEARTZONE_TOPIC_RAW. schemas/topics defines them."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    raw: TopicName = Field("RawBiometricsImported", description="Topic of bodies as they were sent, not validated.")
    biometrics: TopicName = Field("BiometricsImported", description="Topic of Biometrics messages, keyed by device.")
    zones: TopicName = Field("HeartRateZoneReached", description="Topic of zone events, keyed by device.")
    dead_letters: TopicName = Field(
        "BiometricsImported.dlq",
        description="Topic of records that are not Biometrics messages, with the bytes that they came with.",
    )
