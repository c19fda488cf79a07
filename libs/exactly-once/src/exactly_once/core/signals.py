"""Control flow between the clients, the batch processor and the worker; a transform raises two more, in ``records``."""

from exactly_once.core.reasons import AbortCause, AbortReason, KafkaErrorName, RebuildCause, RebuildReason

_ABORT_REASONS = {
    RebuildReason.COMMIT_TIMED_OUT: AbortReason.COMMIT_TIMED_OUT,
    RebuildReason.OFFSETS_TIMED_OUT: AbortReason.OFFSETS_TIMED_OUT,
    RebuildReason.TRANSACTION_TIMED_OUT: AbortReason.TRANSACTION_TIMED_OUT,
}


class ControlFlow(Exception):  # noqa: N818 -- no error, as StopIteration is none, and PEP 8 gives only errors the suffix
    """Base of the exceptions that are no errors.

    The errors of this package are in exactly_once.errors, and end in ``Error``.
    """

    def release(self) -> None:
        """Let go of the frames that it went through, and of what caused it.

        For handlers that call a client: what they handle when it raises an error is kept for ever by confluent_kafka.
        """
        self.__traceback__ = self.__cause__ = self.__context__ = None


class TransactionAborted(ControlFlow):
    """The transaction was aborted: rewind, and go on with the same producer."""

    def __init__(self, cause: AbortCause) -> None:
        super().__init__(cause)
        self.cause = cause


class ProducerLost(ControlFlow):
    """The producer must be replaced; the transaction did not happen, unless ``outcome_unknown``.

    ``abort_cause`` is why the transaction was to be aborted, where that failed.
    """

    def __init__(
        self, cause: RebuildCause, *, outcome_unknown: bool = False, abort_cause: AbortCause | None = None
    ) -> None:
        super().__init__(cause)
        self.cause = cause
        self.outcome_unknown = outcome_unknown
        self._abort_cause = abort_cause

    @property
    def abort_cause(self) -> AbortCause:
        """Cause of the abort that the loss amounts to, once it is known that the transaction did not happen."""
        if self._abort_cause is not None:
            return self._abort_cause
        return _ABORT_REASONS[self.cause] if isinstance(self.cause, RebuildReason) else self.cause


class ConsumerLost(ControlFlow):
    """The consumer must be replaced: what it had fetched may be lost with it, and it reads from committed offsets."""

    def __init__(self, cause: KafkaErrorName) -> None:
        super().__init__(cause)
        self.cause = cause


class RecordRejected(ControlFlow):
    """The client rejects an output record, whatever is tried: too large, or not a record. The transaction is open."""


class DeadLetterImpossible(ControlFlow):
    """A record cannot be processed, and cannot become a dead letter either; the text says why in a sentence."""


class StopRequested(ControlFlow):
    """A stop was requested while the transactional id was being claimed."""
