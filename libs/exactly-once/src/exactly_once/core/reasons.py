"""Reasons of aborts, dead letters, rebuilds and waits, each with its meaning and remedy beside it.

The values are metric labels, header values and readiness texts: a public contract. The runbooks' tables are generated
from them.
"""

import re
from enum import StrEnum
from typing import NewType, Self, TypeAlias


class Reason(StrEnum):
    """A closed set of reasons: subclass it for those that a transform of your own gives.

    Members are written as value, meaning and remedy.
    """

    meaning: str
    remedy: str

    # The defaults are for type checkers: they take the look-up of a member by its value for this call.
    def __new__(cls, value: str, meaning: str = "", remedy: str = "") -> Self:
        """Take the three parts of a member."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.meaning, member.remedy = meaning, remedy
        return member


class AbortReason(Reason):
    """Reasons of the engine itself for aborting a transaction."""

    COMMIT_TIMED_OUT = (
        "commit_timed_out",
        "The brokers did not confirm a commit within the transaction timeout, and it did not happen.",
        "Look at the brokers: under-replicated partitions, disks.",
    )
    INPUT_TOPIC_UNVERIFIED = (
        "input_topic_unverified",
        "The brokers did not say within the transaction timeout that the input topic is still the one that the records"
        " were read from.",
        "Look at the brokers and the network.",
    )
    INPUT_TOPIC_RECREATED = (
        "input_topic_recreated",
        "An input topic was deleted, and perhaps created again, while its records were processed.",
        "Nothing: the other topics' records are processed again, and a new topic is read from its beginning.",
    )
    NOT_IN_GROUP = (
        "not_in_group",
        "The worker was not a member of a generation of its group, as happens in a rebalance.",
        "If it happens again and again, see why workers restart or stall; let transactions hold fewer records.",
    )
    OFFSETS_TIMED_OUT = (
        "offsets_timed_out",
        "The group coordinator did not take the offsets into the transaction within the transaction timeout.",
        "Look at the brokers: under-replicated partitions of `__consumer_offsets`, disks.",
    )
    QUEUE_FULL = (
        "queue_full",
        "For as long as the transaction timeout the brokers took no records from the producer's full queue.",
        "Look at the brokers: under-replicated partitions, disks.",
    )
    TOO_MANY_DEAD_LETTERS = (
        "too_many_dead_letters",
        "More than the permitted share of a partition's records would become dead letters. The partition is set aside,"
        " and the others are processed again.",
        "See the halted partition.",
    )
    TRANSACTION_TIMED_OUT = (
        "transaction_timed_out",
        "The transaction was open for longer than the transaction timeout, and the brokers ended it.",
        "Let transactions hold fewer records, make the transform faster, or raise the transaction timeout.",
    )
    UNPRODUCIBLE = (
        "unproducible",
        "The client rejects an output of a record: it is too large, or no topic has its name or partition. The record"
        " becomes a dead letter.",
        "See the dead letter's detail. Raise `message.max.bytes` of the producer, or mend the transform.",
    )


class RebuildReason(Reason):
    """Reasons of the engine itself for replacing a producer."""

    ABORT_TIMED_OUT = (
        "abort_timed_out",
        "The brokers did not confirm an abort within the transaction timeout; a new producer makes them abort.",
        "Look at the brokers: under-replicated partitions, disks.",
    )
    COMMIT_TIMED_OUT = (
        "commit_timed_out",
        "The brokers did not confirm a commit within the transaction timeout; a new producer makes them settle it.",
        "Look at the brokers: under-replicated partitions, disks.",
    )
    DISCONNECTED = (
        "disconnected_while_ending_a_transaction",
        "The request that ends a transaction was sent again, as after a lost connection; a new epoch fences the first"
        " one, which may still be under way.",
        "Nothing: it is part of every restart of a broker.",
    )
    OFFSETS_TIMED_OUT = (
        "offsets_timed_out",
        "Adding the offsets to a transaction did not return within the transaction timeout, as where the client waits"
        " for a coordinator that it has lost (librdkafka#5456); a new producer makes the brokers abort.",
        "Look at the brokers, where it goes on.",
    )
    RECONNECTED = (
        "reconnected",
        "The worker was given new credentials or certificates, and goes on with new clients.",
        "Nothing: it is part of every rotation.",
    )
    SEQUENCE_GAP = (
        "sequence_gap",
        "The brokers rejected a record, which leaves a gap in the sequence numbers of its producer; with them the next"
        " transaction would be aborted, too.",
        "See why records are rejected: the reason of the abort before names it.",
    )
    TRANSACTION_TIMED_OUT = (
        "transaction_timed_out",
        "A transaction was open for longer than the transaction timeout, so that the brokers ended it and fenced its"
        " producer.",
        "Let transactions hold fewer records, make the transform faster, or raise the transaction timeout.",
    )


class DeadLetterReason(Reason):
    """Reasons of the engine itself for sending a record to the dead-letter topic."""

    UNPRODUCIBLE = (
        "unproducible",
        "An output of the record is rejected by the client or by the brokers, most often as too large for its topic, or"
        " because no topic has its name or partition.",
        "See the detail. Raise `max.message.bytes` of the output topic, and `message.max.bytes` of the producer, or"
        " mend the transform.",
    )


class HaltReason(Reason):
    """Reasons for which one partition is set aside until a person, or what arrives, changes something."""

    OFFSET_OUT_OF_RANGE = (
        "offset_out_of_range",
        "The committed offset of the partition is no longer in the topic: records were deleted before they were"
        " processed, or the topic lost its end.",
        "Decide where to go on, and move the group's offset of this partition there; the worker notices by itself.",
    )
    OFFSET_MISSING = (
        "offset_missing",
        "The group has no committed offset for the partition, and the policy for missing offsets is to stop.",
        "Decide where to start, and move the group's offset of this partition there; the worker notices by itself.",
    )
    DEAD_LETTER_IMPOSSIBLE = (
        "dead_letter_impossible",
        "A record cannot be processed, and no dead-letter topic takes it.",
        "Configure a dead-letter topic, or raise `max.message.bytes` of the one that there is, or move the group's"
        " offset of this partition past the record; the worker notices by itself.",
    )
    TOO_MANY_DEAD_LETTERS = (
        "too_many_dead_letters",
        "More than the permitted share of the partition's records would become dead letters: rather a fault of what"
        " reads them than of each.",
        "Look at the reasons of the last dead letters. The partition goes on by itself once its records can be"
        " processed; where they are poison indeed, move the group's offset of this partition, if only to where it is:"
        " that is a command to go on.",
    )


class RiskReason(Reason):
    """Reasons for which the promise of exactly once may be broken by settings of the brokers."""

    OFFSETS_EXPIRE_BEFORE_RECORDS = (
        "offsets_expire_before_records",
        "The brokers forget the offsets of a group without members sooner than the topic deletes its records: workers"
        " that were stopped for longer would process records again.",
        "Raise `offsets.retention.minutes` of the brokers above the topic's `retention.ms`.",
    )
    TRANSACTIONAL_ID_EXPIRES_SOON = (
        "transactional_id_expires_soon",
        "The brokers forget a transactional id after less than a day without use: a worker that idles for as long goes"
        " on with a new producer, and a late request of the old one is fenced by nothing.",
        "Raise `transactional.id.expiration.ms` of the brokers; the default is seven days.",
    )


class WaitReason(Reason):
    """Reasons of the engine itself for which a worker is not ready."""

    CONNECTING = (
        "connecting",
        "The worker has not started to claim its transactional id.",
        "Nothing: it takes less than a second.",
    )
    COORDINATOR = (
        "waiting for the transaction coordinator",
        "The transactional id is not claimed yet: the coordinator cannot be reached, or still ends the transaction of a"
        " predecessor.",
        "If it lasts, look at the brokers: they may be down, or `__transaction_state` under-replicated.",
    )
    METADATA = (
        "waiting for the brokers' metadata",
        "The brokers do not say which topics exist.",
        "If it lasts, look at the brokers.",
    )
    TOPIC_MISSING = (
        "topic {topic} does not exist, or no ACL lets this user see it",
        "A topic that is read or written is not there for this user. Brokers show a topic only to those with a right"
        " to it.",
        "Create the topic, or grant Describe on it.",
    )
    JOINING = (
        "joining the consumer group",
        "No partitions have been assigned to the worker yet.",
        "If it lasts, look at the group's members and at the coordinator.",
    )
    OFFSETS = (
        "waiting for the committed offsets",
        "The previous owner of a partition died in a transaction, and where it got to is known once that has ended; or"
        " the group's coordinator does not respond.",
        "Nothing: the broker ends a transaction after its timeout. If it lasts, look at the brokers: under-replicated"
        " partitions of `__consumer_offsets`.",
    )
    DEDUPLICATION_WINDOW = (
        "reading the keys before the position",
        "The worker has just been given the partition, and reads which keys the records within the deduplication window"
        " before its position have.",
        "Nothing: 100,000 records take a second or so. Where that is too long, make the window shorter.",
    )
    BROKERS_UNREACHABLE = (
        "no broker can be reached",
        "The consumer is connected to no broker.",
        "Look at the brokers and the network.",
    )
    CALL_PENDING = (
        "a call to the brokers does not return",
        "A call of the client has not returned for longer than a transaction may take.",
        "Look at the brokers. Where it never returns, the watchdog ends the worker.",
    )
    CREDENTIALS_REJECTED = (
        "the brokers reject the credentials",
        "For some time a broker has not let the worker connect, although others may: its password or certificate is not"
        " valid any more, or the broker's own certificate is not trusted.",
        "Look at the user in Kafka, and at the Secret: once its files have changed, the worker goes on by itself.",
    )
    STOPPED = (
        "stopped",
        "`run()` has ended.",
        "Nothing after a stop; otherwise see the error that `run()` raised.",
    )


KafkaErrorName = NewType("KafkaErrorName", str)
"""Name of a librdkafka error as a label, like ``fenced``: an open set, bounded by librdkafka's own list of errors."""

AbortCause: TypeAlias = AbortReason | KafkaErrorName
"""Cause of an abort."""

RebuildCause: TypeAlias = RebuildReason | KafkaErrorName
"""Cause of a rebuild: of the loss of a producer, or of one that is a precaution."""


def kafka_error_name(name: str) -> KafkaErrorName:
    """A label of a-z, 0-9 and _ from ``KafkaError.name()``: ``_FENCED`` gives ``fenced``, ``ERR_123?`` ``err_123``."""
    return KafkaErrorName(re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_"))


class RebalanceEvent(StrEnum):
    """The three events of a rebalance (KIP-429)."""

    ASSIGNED = "assigned"
    """Partitions were given to this worker."""
    REVOKED = "revoked"
    """Partitions are taken away while this worker is a member of its group."""
    LOST = "lost"
    """Partitions were taken away when this worker had ceased to be a member: others may own them already."""
