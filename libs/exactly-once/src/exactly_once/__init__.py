"""Consume, transform and produce in Kafka transactions: effectively-once stream processing."""

from exactly_once.config import WorkerConfig
from exactly_once.core.batching import BatchLimits
from exactly_once.core.client_properties import REFUSED_CONSUMER_PROPERTIES, REFUSED_PRODUCER_PROPERTIES
from exactly_once.core.dead_letter_breaker import BreakerPolicy
from exactly_once.core.deduplication import Deduplication
from exactly_once.core.reasons import (
    AbortReason,
    DeadLetterReason,
    HaltReason,
    KafkaErrorName,
    Reason,
    RebalanceEvent,
    RebuildReason,
    RiskReason,
    WaitReason,
)
from exactly_once.core.records import (
    Headers,
    InputRecord,
    OutputRecord,
    Partition,
    PoisonRecord,
    Scope,
    Transform,
    Unavailable,
)
from exactly_once.core.start_offset import MissingOffsets, OutOfRange
from exactly_once.errors import (
    AuthenticationError,
    AuthorizationError,
    ConfigurationError,
    FatalClientError,
    FencedError,
    WorkerError,
)
from exactly_once.event_log import EventLog
from exactly_once.group_offsets import MoveUnconfirmedError, OffsetNotMovedError, move_offset
from exactly_once.observer import Observer
from exactly_once.observers import Observers
from exactly_once.status import State
from exactly_once.stop_flag import StopFlag
from exactly_once.worker import Worker

__all__ = [
    "REFUSED_CONSUMER_PROPERTIES",
    "REFUSED_PRODUCER_PROPERTIES",
    "AbortReason",
    "AuthenticationError",
    "AuthorizationError",
    "BatchLimits",
    "BreakerPolicy",
    "ConfigurationError",
    "DeadLetterReason",
    "Deduplication",
    "EventLog",
    "FatalClientError",
    "FencedError",
    "HaltReason",
    "Headers",
    "InputRecord",
    "KafkaErrorName",
    "MissingOffsets",
    "MoveUnconfirmedError",
    "Observer",
    "Observers",
    "OffsetNotMovedError",
    "OutOfRange",
    "OutputRecord",
    "Partition",
    "PoisonRecord",
    "Reason",
    "RebalanceEvent",
    "RebuildReason",
    "RiskReason",
    "Scope",
    "State",
    "StopFlag",
    "Transform",
    "Unavailable",
    "WaitReason",
    "Worker",
    "WorkerConfig",
    "WorkerError",
    "move_offset",
]
