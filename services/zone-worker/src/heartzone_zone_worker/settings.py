"""Settings of the zone worker, beside those that every service has."""

import socket
from collections.abc import Mapping, Set
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from exactly_once.core.client_properties import REFUSED_CONSUMER_PROPERTIES, REFUSED_PRODUCER_PROPERTIES, problems
from heartzone.refused_properties import REFUSED_PROPERTIES
from heartzone.settings import VARIABLE_PREFIX, TopicSettings
from service_chassis.settings import ServiceSettings

_OFFSETS = "offsets are committed in the transaction of their outputs, and in no other way"


class WorkerSettings(ServiceSettings, env_prefix=VARIABLE_PREFIX):
    """Variables that a zone worker reads."""

    refused_properties: ClassVar[Mapping[str, str]] = {
        **REFUSED_CONSUMER_PROPERTIES,
        **REFUSED_PRODUCER_PROPERTIES,
        "auto.commit.enable": _OFFSETS,
        "auto.commit.interval.ms": _OFFSETS,
        "auto.offset.reset": "use HEARTZONE_MISSING_OFFSETS and HEARTZONE_OFFSET_OUT_OF_RANGE",
        "enable.gapless.guarantee": "a failed record aborts its transaction already",
        "group.id": "use HEARTZONE_GROUP_ID",
        "group.instance.id": "replicas with the same settings would fence each other",
        "offset.store.method": _OFFSETS,
        "offset.store.path": _OFFSETS,
        "offset.store.sync.interval.ms": _OFFSETS,
        "queuing.strategy": "with lifo, later readings of a device would overtake earlier ones",
        "transaction.timeout.ms": "use HEARTZONE_TRANSACTION_TIMEOUT: other timeouts follow from it",
        "transactional.id": "use HEARTZONE_TRANSACTIONAL_ID: each replica needs its own",
    }
    refused_by_others: ClassVar[Set[str]] = REFUSED_PROPERTIES

    topic: TopicSettings = Field(default_factory=TopicSettings)
    group_id: str = Field(
        default="zone-worker",
        min_length=1,
        description="Consumer group; replicas with the same one share the partitions.",
    )
    transactional_id: str = Field(
        default="",
        description="Transactional id of this replica: one for each, the same after a restart, so that a"
        " successor ends what its dead predecessor left open. Default: group id and host name, which a StatefulSet"
        " keeps stable.",
    )
    transaction_max_records: int = Field(
        default=10_000,
        ge=1,
        description="Maximum number of input records of one transaction. A transaction costs milliseconds whatever it"
        " holds, so larger ones raise the throughput under a backlog.",
    )
    transaction_max_bytes: int = Field(
        default=16 * 1024 * 1024,
        ge=1,
        description="Maximum size in bytes of the input records' values in one transaction.",
    )
    transaction_max_age: float = Field(
        default=1.0,
        gt=0,
        lt=60,
        description="Maximum time in seconds for which a transaction collects records; well below the transaction"
        " timeout.",
    )
    transaction_timeout: float = Field(
        default=10.0,
        ge=1,
        le=300,
        description="Seconds after which the broker aborts a transaction that nobody ends: the longest time for which a"
        " dead replica keeps readers of the output waiting.",
    )
    missing_offsets: Literal["earliest", "latest", "stop"] = Field(
        default="earliest",
        description="Where a partition starts for which the group has no committed offset: a new group, or one whose"
        " offsets have expired. `stop` halts the partition until its offset is set. Partitions that are added later"
        " start at their beginning in any case.",
    )
    offset_out_of_range: Literal["stop", "earliest", "latest"] = Field(
        default="stop",
        description="Where a partition goes on whose committed offset is no longer in the topic. `stop` halts it alone,"
        " because skipping would lose records and starting over would double them.",
    )
    dead_letter_max_share: float = Field(
        default=0.5,
        gt=0,
        le=1,
        description="A partition pauses when more than this share of its records would become dead letters, and at"
        " least 100 of them within the window; it goes on by itself when its records can be processed again. 1 is off.",
    )
    dead_letter_window: float = Field(
        default=60.0,
        gt=0,
        description="Seconds over which the share of dead letters is taken.",
    )
    deduplication_window: float = Field(
        default=600.0,
        ge=0,
        le=86_400,
        description="Seconds within which a record with the device and the `idempotency-key` of an earlier one is left"
        " out: what a client sends again after a lost response. What was seen is read from the input topic when a"
        " partition is assigned, at about 100,000 records a second, and takes up to 100 bytes of memory a record. 0 is"
        " off.",
    )
    schema_patience: float = Field(
        default=10.0,
        ge=0,
        description="Seconds for which the lookup of a schema id that the registry does not know is retried (ids"
        " replicate late) before its records count as poison. All ids wait at the same time, and only while the"
        " registry has what it had before.",
    )
    watchdog_timeout: float = Field(
        default=90.0,
        gt=40,
        description="Seconds without progress of the loop after which the process ends itself. Above the 30 s for which"
        " a new owner may wait for its predecessor's offsets.",
    )

    @model_validator(mode="after")
    def _times_fit(self) -> "WorkerSettings":
        if self.transaction_max_age > self.transaction_timeout / 2:
            raise ValueError(
                f"HEARTZONE_TRANSACTION_MAX_AGE is {self.transaction_max_age:g} s; at most half of"
                f" HEARTZONE_TRANSACTION_TIMEOUT ({self.transaction_timeout:g} s) leaves time to commit"
            )
        least = 2 * self.transaction_timeout + 40
        if self.watchdog_timeout < least:
            raise ValueError(
                f"HEARTZONE_WATCHDOG_TIMEOUT is {self.watchdog_timeout:g} s; with HEARTZONE_TRANSACTION_TIMEOUT at"
                f" {self.transaction_timeout:g} s it takes at least {least:g} s, or it ends workers that only wait"
            )
        return self

    @model_validator(mode="after")
    def _properties_can_work(self) -> "WorkerSettings":
        """As the engine would say, but before the worker waits for anything."""
        kafka = self.kafka
        for problem in problems(connection=kafka.admin(), consumer=kafka.consumer(), producer=kafka.producer()):
            raise ValueError(f"HEARTZONE_KAFKA_…: {problem}")
        return self

    @model_validator(mode="after")
    def _name_this_replica(self) -> "WorkerSettings":
        if not self.transactional_id:
            self.transactional_id = f"{self.group_id}-{socket.gethostname()}"
        return self
