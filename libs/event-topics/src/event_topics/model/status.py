"""Status of an EventTopic, which the operator writes. Field descriptions are user documentation."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

ConditionType = Literal["Ready", "TopicReady", "SchemaReady", "ReconciliationPaused"]
ConditionStatus = Literal["True", "False", "Unknown"]


class _Written(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, alias_generator=to_camel, populate_by_name=True)


class Condition(_Written):
    """One statement about the resource that is true, false or unknown."""

    type: ConditionType = Field(
        description="`TopicReady`: the topic is as the spec asks. `SchemaReady`: its schemas are. `Ready`: both are."
        " `ReconciliationPaused`, only while it is: the annotation `heartzone.dev/pause` excludes the resource, and the"
        " other conditions are of the time before."
    )
    status: ConditionStatus = Field(description="`Unknown` while Kafka or the registry does not respond.")
    reason: str = Field(description="One CamelCase word to act upon.")
    message: str = Field(description="One sentence that says what to do.")
    last_transition_time: str = Field(
        description="When the condition last changed.", json_schema_extra={"format": "date-time"}
    )


class SubjectStatus(_Written):
    """The latest schema of a subject."""

    subject: str = Field(description="Name of the subject.")
    id: int = Field(description="Id of the schema, which messages carry.")
    version: int = Field(description="Version within the subject.")


class EventTopicStatus(_Written):
    """Observed state, and whether it is as the spec asks."""

    observed_generation: int | None = Field(
        default=None, description="The metadata.generation that the conditions are about."
    )
    topic_name: str | None = Field(default=None, description="Name of the topic in Kafka.")
    topic_id: str | None = Field(default=None, description="Kafka's id of the topic; another one is another topic.")
    partitions: int | None = Field(default=None, description="Partitions that the topic has.")
    replicas: int | None = Field(default=None, description="Copies of each partition.")
    value_schema: SubjectStatus | None = Field(default=None, description="Latest schema of the values.")
    key_schema: SubjectStatus | None = Field(default=None, description="Latest schema of the keys.")
    managed_config: tuple[str, ...] = Field(
        default=(),
        description="Configuration keys that this resource has set; those that leave the spec go back to the broker's "
        "default.",
    )
    conditions: tuple[Condition, ...] = Field(
        default=(), description="Ready, TopicReady, SchemaReady, and ReconciliationPaused while it is."
    )

    def condition(self, kind: ConditionType) -> Condition | None:
        """Return one condition, None before it was first written."""
        return next((each for each in self.conditions if each.type == kind), None)
