"""Negative controls: ways to write a worker that loses or doubles records. The audit has to find each."""

from enum import StrEnum


class Bug(StrEnum):
    """What a worker does wrong."""

    PRODUCE_OUTSIDE_TRANSACTION = "produce_outside_transaction"
    PLAIN_COMMIT = "plain_commit"
    """The offsets are committed by the consumer, before the transaction."""
    NO_SEEK_AFTER_ABORT = "no_seek_after_abort"
    """The consumer goes on behind the records of a transaction that was aborted."""
    NO_FENCING = "no_fencing"
    """Another transactional id in each life, and offsets without the group's generation."""
    SWALLOWED_ABORTABLE_ERROR = "swallowed_abortable_error"
    """A commit that failed is taken for one that succeeded."""
    NO_DEDUPLICATION = "no_deduplication"
