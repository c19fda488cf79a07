"""Settings that heartzone's services share: they read one environment."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from heartzone import topics

VARIABLE_PREFIX = "HEARTZONE_"

# Kafka's own rule (org.apache.kafka.common.internals.Topic.validate).
TopicName = Annotated[str, StringConstraints(min_length=1, max_length=249, pattern=r"^[a-zA-Z0-9._-]+$")]


class TopicSettings(BaseModel):
    """Names of the topics: field ``raw`` is the variable HEARTZONE_TOPIC_RAW."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    raw: TopicName = Field(
        topics.RAW_BIOMETRICS_IMPORTED, description="Topic of bodies as they were sent, not validated."
    )
    biometrics: TopicName = Field(
        topics.BIOMETRICS_IMPORTED, description="Topic of Biometrics messages, keyed by device."
    )
    zones: TopicName = Field(topics.HEART_RATE_ZONE_REACHED, description="Topic of zone events, keyed by device.")
    dead_letters: TopicName = Field(
        topics.DEAD_LETTERS,
        description="Topic of records that are not Biometrics messages, with the bytes that they came with.",
    )


REFUSED_PROPERTIES = frozenset(
    {
        "acks",
        "auto.commit.enable",
        "auto.commit.interval.ms",
        "auto.offset.reset",
        "delivery.report.only.error",
        "enable.auto.commit",
        "enable.auto.offset.store",
        "enable.gapless.guarantee",
        "enable.idempotence",
        "enable.partition.eof",
        "group.id",
        "group.instance.id",
        "isolation.level",
        "log.connection.close",
        "log_level",
        "max.in.flight",
        "max.in.flight.requests.per.connection",
        "offset.store.method",
        "offset.store.path",
        "offset.store.sync.interval.ms",
        "queuing.strategy",
        "request.required.acks",
        "transaction.timeout.ms",
        "transactional.id",
    }
)
"""librdkafka's properties that every service refuses, because one of them rests on the value: the service that rests on
it says why, so that the reason is written once."""
