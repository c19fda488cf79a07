"""Errors that end a worker.

WorkerError
├── ConfigurationError      librdkafka rejects the properties
├── AuthenticationError     the broker rejected the credentials, or TLS failed, before anything worked
├── AuthorizationError      an ACL is missing
├── OffsetOutOfRangeError   the committed offset is gone from the topic: going on would lose or double records
├── FencedError             another process keeps using the transactional id
├── DeadLetterError         a record that cannot be processed has nowhere to go
└── FatalClientError        librdkafka reports a fatal error that a new client does not resolve

Everything else (unavailable brokers, rebalances, aborts, a single fencing) is handled by the worker and never raised.
"""


class WorkerError(Exception):
    """A worker cannot go on; the text is one sentence for people."""


class ConfigurationError(WorkerError):
    """A property that librdkafka rejects, like a file that cannot be read."""


class AuthenticationError(WorkerError):
    """Wrong credentials or an untrusted certificate, found while starting."""


class AuthorizationError(WorkerError):
    """The broker denied an operation; the text names the missing right."""


class OffsetOutOfRangeError(WorkerError):
    """The group's committed offset no longer exists in the topic."""


class FencedError(WorkerError):
    """Rebuilt producers were fenced again and again: another process uses the transactional id."""


class DeadLetterError(WorkerError):
    """A poison record without a dead-letter topic, or one that does not fit it."""


class FatalClientError(WorkerError):
    """A fatal client error that repeats, or that a rebuild cannot resolve."""
