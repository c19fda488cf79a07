"""Settings of the operator, beside those that every service has."""

import os
import socket
from collections.abc import Set
from typing import ClassVar

from pydantic import Field, field_validator, model_validator

from heartzone.refused_properties import REFUSED_PROPERTIES
from heartzone.settings import VARIABLE_PREFIX, TopicSettings
from heartzone_operator.model.label_selector import LabelSelector
from service_chassis.settings import ServiceSettings

EVERYWHERE = "*"


class OperatorSettings(ServiceSettings, env_prefix=VARIABLE_PREFIX):
    """Variables that an operator reads; the connection to Kubernetes is the service account's, or KUBECONFIG's."""

    refused_by_others: ClassVar[Set[str]] = REFUSED_PROPERTIES

    # Part of the environment that all services share, and checked with the rest of it.
    topic: TopicSettings = Field(default_factory=TopicSettings)
    watch_namespaces: str = Field(
        default="",
        description="Namespaces whose EventTopics are served, separated by commas; `*` is all of them, which takes a"
        " ClusterRole. Default: the operator's own namespace.",
    )
    lease_namespace: str = Field(
        default="",
        description="Namespace of the lease that keeps a second replica waiting, and of the record of topics. Operators"
        " with other leases leave to each other what the other one serves already. Default: the operator's own.",
    )
    label_selector: str = Field(
        default="",
        description="Labels of the EventTopics that are served, as in `kubectl --selector`: `cluster=orders`,"
        " `tier in (gold, silver)`, `!legacy`. With it several operators may serve one namespace, each with a Kafka or"
        " registry of its own. Default: all are served.",
    )
    identity: str = Field(
        default="",
        description="Name of this process in the lease. One that starts again under its former name need not wait for"
        " the lease to expire. Default: host name and process id, which are the same after a container's restart.",
    )
    adopt_topics: str = Field(
        default="",
        description="Topics that exist already and that any resource may adopt, separated by commas; `orders.*` is all"
        ' that start with `orders.`, and `*` is every topic. Others take the annotation `heartzone.dev/adopt: "true"`'
        " on the resource.",
    )
    topic_prefixes: str = Field(
        default="",
        description="What the topics of a namespace start with, as `NAMESPACE=PREFIX`, separated by commas; a namespace"
        " may have several. Resources that describe other topics say so in their status. A namespace that is not named"
        " may describe any topic.",
    )
    resync_interval: float = Field(
        default=55.0,
        ge=1,
        le=3600,
        description="Seconds between two full observations of all topics and subjects, which correct what was changed"
        " by hand.",
    )
    compatibility_sweep: int = Field(
        default=100,
        ge=0,
        le=100_000,
        description="Number of subjects with a compatibility level of their own up to which all levels are observed"
        " with each resync, one request each. With more, one of them is observed each time.",
    )
    watchdog_timeout: float = Field(
        default=60.0,
        ge=20,
        description="Seconds without progress of the loop after which `/livez` fails. Each request is progress, and"
        " times out before the smallest value of this setting.",
    )

    group_lag_groups: str = Field(
        default="zone-worker",
        description="Consumer groups whose lag is a metric, separated by commas: `GROUP`, which reads"
        " `HEARTZONE_TOPIC_BIOMETRICS`, or `GROUP=TOPIC`.",
    )
    group_lag_interval: float = Field(
        default=15.0,
        ge=0,
        le=3600,
        description="Seconds between two observations of the groups' lag; 0: it is not observed.",
    )

    @field_validator("group_lag_groups")
    @classmethod
    def _group_and_topic(cls, value: str) -> str:
        for each in value.split(","):
            group, equals, topic = (part.strip() for part in each.partition("="))
            if not group or (equals and not topic):
                raise ValueError(
                    f"{each!r} has no group or no topic; like zone-worker, or zone-worker=BiometricsImported"
                )
        return value

    @field_validator("label_selector")
    @classmethod
    def _selector(cls, value: str) -> str:
        return LabelSelector(value).text

    @field_validator("topic_prefixes")
    @classmethod
    def _namespace_and_prefix(cls, value: str) -> str:
        for each in filter(str.strip, value.split(",")):
            namespace, _, prefix = (part.strip() for part in each.partition("="))
            if not namespace or not prefix:
                raise ValueError(f"{each!r} has no namespace or no prefix; like shop=shop.,billing=billing.")
        return value

    @model_validator(mode="after")
    def _name_this_process(self) -> "OperatorSettings":
        if not self.identity:
            self.identity = f"{socket.gethostname()}_{os.getpid()}"
        return self

    @property
    def is_clusterwide(self) -> bool:
        """Say whether all namespaces are served."""
        return self.watch_namespaces.strip() == EVERYWHERE

    def namespaces(self, own: str) -> tuple[str, ...]:
        """The namespaces that are served, empty for all; `own` is the operator's."""
        if self.is_clusterwide:
            return ()
        return tuple(name.strip() for name in self.watch_namespaces.split(",") if name.strip()) or (own,)

    @property
    def adoptable_topics(self) -> tuple[str, ...]:
        """The names, or prefixes with `*`, of topics that may be adopted."""
        return tuple(each.strip() for each in self.adopt_topics.split(",") if each.strip())

    @property
    def prefixes_by_namespace(self) -> dict[str, list[str]]:
        """The prefixes that a namespace's topics may have, of those that have a rule."""
        prefixes: dict[str, list[str]] = {}
        for each in filter(str.strip, self.topic_prefixes.split(",")):
            namespace, _, prefix = (part.strip() for part in each.partition("="))
            prefixes.setdefault(namespace, []).append(prefix)
        return prefixes

    @property
    def observed_groups(self) -> tuple[tuple[str, str], ...]:
        """The groups whose lag is observed, each with the topic that it reads."""
        if self.group_lag_interval == 0:
            return ()
        pairs = (each.partition("=") for each in self.group_lag_groups.split(","))
        return tuple((group.strip(), topic.strip() or self.topic.biometrics) for group, _, topic in pairs)
