"""Settings of the zone worker, beside those that every service has."""

import socket

from pydantic import Field, model_validator

from service_chassis.settings import ServiceSettings


class WorkerSettings(ServiceSettings):
    """What a zone worker reads from its environment."""

    group_id: str = Field(
        default="zone-worker",
        min_length=1,
        description="Consumer group; replicas with the same one share the partitions.",
    )
    transactional_id: str = Field(
        default="",
        description="Identity of this replica's transactions: one a replica, the same after a restart, so that a"
        " successor ends what its dead predecessor left open. Default: group id and host name, which a StatefulSet"
        " keeps stable.",
    )
    transaction_max_records: int = Field(
        default=10_000,
        ge=1,
        description="Input records of one transaction at most. A transaction costs milliseconds whatever it holds,"
        " so larger ones raise the throughput under a backlog.",
    )
    transaction_max_bytes: int = Field(
        default=16 * 1024 * 1024, ge=1, description="Bytes of the input records' values in one transaction at most."
    )
    transaction_max_age: float = Field(
        default=1.0,
        gt=0,
        lt=60,
        description="Seconds for which a transaction takes records in at most; well below the transaction timeout.",
    )
    transaction_timeout: float = Field(
        default=10.0,
        ge=1,
        le=900,
        description="Seconds after which the broker aborts a transaction that nobody ends; a dead replica keeps readers"
        " of the output waiting for so long at most.",
    )
    schema_patience: float = Field(
        default=10.0,
        ge=0,
        description="Seconds for which a schema id that the registry does not know is asked for again (ids replicate"
        " late) before its records count as poison.",
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
    def _name_this_replica(self) -> "WorkerSettings":
        if not self.transactional_id:
            self.transactional_id = f"{self.group_id}-{socket.gethostname()}"
        return self
