"""Consume, transform and produce in Kafka transactions: effectively-once stream processing."""

from exactly_once.batching import BatchLimits
from exactly_once.config import WorkerConfig
from exactly_once.errors import (
    AuthenticationFailed,
    ClientFailed,
    Fenced,
    Misconfigured,
    NotAuthorized,
    OffsetOutOfRange,
    Poisoned,
    WorkerError,
)
from exactly_once.observer import Observer
from exactly_once.records import (
    Headers,
    InputRecord,
    OutputRecord,
    PlainRecord,
    PoisonRecord,
    Transform,
    Unavailable,
)
from exactly_once.stopping import StopFlag
from exactly_once.worker import State, Worker

__all__ = [
    "AuthenticationFailed",
    "BatchLimits",
    "ClientFailed",
    "Fenced",
    "Headers",
    "InputRecord",
    "Misconfigured",
    "NotAuthorized",
    "Observer",
    "OffsetOutOfRange",
    "OutputRecord",
    "PlainRecord",
    "PoisonRecord",
    "Poisoned",
    "State",
    "StopFlag",
    "Transform",
    "Unavailable",
    "Worker",
    "WorkerConfig",
    "WorkerError",
]
