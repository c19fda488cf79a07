"""Kafka properties that users may not set, each with the reason that they are told."""

from collections.abc import Mapping

_OFFSETS = "offsets are committed in the transaction of their outputs, and in no other way"
_ACKNOWLEDGED = "a record counts as written only when all in-sync replicas have it"
_LOG = "the worker learns of lost connections from the log alone; HEARTZONE_LOG_LEVEL says what is shown of it"
_ORDER = "the order of a device's readings holds only with the client's own limit"

REFUSED: Mapping[str, str] = {
    "acks": _ACKNOWLEDGED,
    "auto.commit.enable": _OFFSETS,
    "auto.commit.interval.ms": _OFFSETS,
    "auto.offset.reset": "a group starts at the earliest record, and an offset that is gone stops the worker: skipping"
    " would lose records, starting over would double them",
    "delivery.report.only.error": "a request is answered when the broker's report of its record arrives",
    "enable.auto.commit": _OFFSETS,
    "enable.auto.offset.store": _OFFSETS,
    "enable.gapless.guarantee": "a failed record aborts its transaction already",
    "enable.idempotence": "without it a retry may write a record twice",
    "enable.partition.eof": "the end of a partition is how the lag reads 0 when idle",
    "group.id": "use HEARTZONE_GROUP_ID",
    "group.instance.id": "replicas with the same settings would fence each other",
    "isolation.level": "with read_uncommitted a worker would take in records of aborted transactions",
    "log.connection.close": _LOG,
    "log_level": _LOG,
    "max.in.flight": _ORDER,
    "max.in.flight.requests.per.connection": _ORDER,
    "offset.store.method": _OFFSETS,
    "offset.store.path": _OFFSETS,
    "offset.store.sync.interval.ms": _OFFSETS,
    "queuing.strategy": "with lifo, later readings of a device would overtake earlier ones",
    "request.required.acks": _ACKNOWLEDGED,
    "transaction.timeout.ms": "use HEARTZONE_TRANSACTION_TIMEOUT: other timeouts follow from it",
    "transactional.id": "use HEARTZONE_TRANSACTIONAL_ID: each replica needs its own",
}
