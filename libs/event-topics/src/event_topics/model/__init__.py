"""The pure part: the EventTopic resource, desired and observed state, and the plan. No client library.

Modules that may not import a client, not even through another package, import from here.
"""

from event_topics.model.failures import Failure
from event_topics.model.irreversible import consequences
from event_topics.model.planning import Plan, plan
from event_topics.model.reasons import FailureReason, Reason
from event_topics.model.resource import (
    ADOPT,
    API_VERSION,
    GROUP,
    KIND,
    PLURAL,
    VERSION,
    Compatibility,
    EventTopic,
    InvalidEventTopicError,
    SchemaReference,
    SchemaType,
    parse_event_topic,
)
from event_topics.model.state import (
    ConfigMaps,
    DesiredSchema,
    DesiredTopic,
    Half,
    Observed,
    ObservedSubject,
    ObservedTopic,
    SchemaVersion,
    desired_topic,
)
from event_topics.model.status import Condition, ConditionStatus, ConditionType, EventTopicStatus, SubjectStatus
from event_topics.model.steps import (
    Action,
    AddPartitions,
    AlterConfig,
    Blocked,
    ConfigChange,
    CreateTopic,
    RegisterSchema,
    SetCompatibility,
    SubjectAction,
    TopicAction,
    Unknown,
)

__all__ = [
    "ADOPT",
    "API_VERSION",
    "GROUP",
    "KIND",
    "PLURAL",
    "VERSION",
    "Action",
    "AddPartitions",
    "AlterConfig",
    "Blocked",
    "Compatibility",
    "Condition",
    "ConditionStatus",
    "ConditionType",
    "ConfigChange",
    "ConfigMaps",
    "CreateTopic",
    "DesiredSchema",
    "DesiredTopic",
    "EventTopic",
    "EventTopicStatus",
    "Failure",
    "FailureReason",
    "Half",
    "InvalidEventTopicError",
    "Observed",
    "ObservedSubject",
    "ObservedTopic",
    "Plan",
    "Reason",
    "RegisterSchema",
    "SchemaReference",
    "SchemaType",
    "SchemaVersion",
    "SetCompatibility",
    "SubjectAction",
    "SubjectStatus",
    "TopicAction",
    "Unknown",
    "consequences",
    "desired_topic",
    "parse_event_topic",
    "plan",
]
