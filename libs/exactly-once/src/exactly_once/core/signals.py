"""Control flow between the clients, the batch processor and the worker.

They are no errors, and as PEP 8 has it their names carry no such suffix; what a user meets is in exactly_once.errors,
and ends in ``Error``. A transform raises two more: ``PoisonRecord`` and ``Unavailable``.
"""

from exactly_once.core.reasons import Cause


class TransactionAborted(Exception):
    """The transaction was aborted: rewind, and go on with the same producer."""

    def __init__(self, cause: Cause | str) -> None:
        super().__init__(cause)
        self.cause = cause


class ProducerLost(Exception):
    """The producer must be replaced; the transaction did not happen, unless ``outcome_unknown``."""

    def __init__(self, cause: Cause | str, *, outcome_unknown: bool = False) -> None:
        super().__init__(cause)
        self.cause = cause
        self.outcome_unknown = outcome_unknown


class ConsumerLost(Exception):
    """The consumer must be replaced: what it had fetched may be lost with it, and it reads from committed offsets."""

    def __init__(self, cause: Cause) -> None:
        super().__init__(cause)
        self.cause = cause


class RecordRejected(Exception):
    """The client rejects an output record, whatever is tried: too large, or not a record. The transaction is open."""


class StopRequested(Exception):
    """A stop was requested while the transactional id was being claimed."""
