"""Errors that end a worker.

WorkerError
├── ConfigurationError      librdkafka rejects the properties
├── AuthenticationError     the broker rejected the credentials, or TLS failed, before anything worked
├── AuthorizationError      an ACL is missing
├── FencedError             another process keeps using the transactional id
└── FatalClientError        librdkafka reports a fatal error that a new client does not resolve

Everything else (unavailable brokers, rebalances, aborts, a single fencing) is handled by the worker and never raised;
what concerns one partition alone (core.reasons.HaltReason) sets that partition aside.
"""


class WorkerError(Exception):
    """A worker cannot go on; the text is one sentence for people."""


class ConfigurationError(WorkerError):
    """A property that librdkafka rejects, like a file that cannot be read."""


class AuthenticationError(WorkerError):
    """Wrong credentials or an untrusted certificate, found while starting."""


class AuthorizationError(WorkerError):
    """The broker denied an operation; the text names the missing right."""


class FencedError(WorkerError):
    """Rebuilt producers were fenced again and again: another process uses the transactional id."""


class FatalClientError(WorkerError):
    """A fatal client error that repeats, or that a rebuild cannot resolve."""
