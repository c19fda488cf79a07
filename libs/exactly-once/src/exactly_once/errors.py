"""Why a worker ends by itself.

WorkerError
├── Misconfigured          librdkafka does not take the properties
├── AuthenticationFailed   the broker refused the credentials, or TLS failed, before anything worked
├── NotAuthorized          an ACL is missing
├── OffsetOutOfRange       the committed offset is gone from the topic: going on would lose or double records
├── Fenced                 another process keeps taking the transactional id
├── Poisoned               a record that cannot be processed has nowhere to go
└── ClientFailed           librdkafka reports a fatal error that a new client does not mend

Everything else (brokers away, rebalances, aborts, one fencing) is handled inside and never raised.
"""


class WorkerError(Exception):
    """A worker cannot go on; the text is one sentence for people."""


class Misconfigured(WorkerError):
    """A property that librdkafka does not take, like a file that cannot be read."""


class AuthenticationFailed(WorkerError):
    """Wrong credentials or an untrusted certificate, found while starting."""


class NotAuthorized(WorkerError):
    """The broker refused an operation; the text names the missing right."""


class OffsetOutOfRange(WorkerError):
    """The group's committed offset no longer exists in the topic."""


class Fenced(WorkerError):
    """Rebuilt producers were fenced again and again: the transactional id is not ours alone."""


class Poisoned(WorkerError):
    """A poison record without a dead-letter topic, or one that does not fit it."""


class ClientFailed(WorkerError):
    """A fatal client error that repeats, or that a rebuild cannot mend."""
