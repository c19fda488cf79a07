"""The faults of campaigns that happen to more than one process, by the names that notes and issues have for them.

| fault | what it is here |
|---|---|
| F1, F2, F2b, F3, F12 | `Action`: a worker is killed, frozen, stalled, fenced at a named point (F12 is a stall, too) |
| F4 | `CommitHolder`: a commit, or the response to it, comes too late or never |
| F5, F6, F7, F8, F11 | `BrokerFault` |
| F9 | guests of each campaign of workers, who join and leave all the time |
| F10 | `GroupFault.ISOLATION` |
| F16, F18, F20 | `ServiceFault`: of the registry (F16), of the web API under clients that send again (F18, F20) |
| F17 | one record of 97 is poison in each campaign of workers |
| F22 | all of them together, drawn from a seed |

Not here: the clocks (F19); the operator, which no record passes (F21, tests/kubernetes); disks and logs (F13 to F15).
"""

from enum import StrEnum


class BrokerFault(StrEnum):
    """What happens to brokers."""

    KILL = "broker_kill"
    """F5, F7: SIGKILL of the group's coordinator; the others go on, and then it comes back."""
    FREEZE = "broker_freeze"
    """F7: SIGSTOP of the coordinator of a worker's transactions, which wakes up as one of the past."""
    SLOW = "broker_slow"
    """F11: the same broker, frozen for a fifth of a second after each fifth of a second."""
    ROLL = "rolled_cluster"
    """F6: each broker is stopped and started, the next one when all are in sync."""
    TOO_FEW = "too_few_brokers"
    """F8: all but one are frozen: no write is acknowledged, and nobody is elected."""


class GroupFault(StrEnum):
    """What happens to the workers of a group."""

    ISOLATION = "isolated_worker"
    """F10: nothing comes from one worker and nothing reaches it, and what was sent meanwhile arrives late or never."""
    TOPIC_ANEW = "topic_made_anew"
    """The input is deleted once it is processed, and made again under the same name."""
    OFFSETS_LOST = "offsets_lost"
    """Workers that are told to stop then halt each partition, and go on where a person says.

    The last of a campaign: they go on to be told to stop, and would at the next topic without offsets, too.
    """


class ServiceFault(StrEnum):
    """What happens to the registry and the web API."""

    REGISTRY_FROZEN = "registry_frozen"
    """F16: it responds to nothing; a worker is killed (F1), and its successor has to look up all schemas."""
    REGISTRY_EMPTY = "registry_empty"
    """F16: it ends, and one without any schema takes its place for a while; the same to the other worker."""
    API_KILL = "api_kill"
    """F20, F18: SIGKILL of the web API under traffic; clients send again what had no response."""
    API_STOP = "api_stop"
    """F20: SIGTERM of the web API under traffic."""
