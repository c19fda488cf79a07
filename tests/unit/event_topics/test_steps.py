"""Steps have names in output for programs, whatever their classes are called."""

from typing import get_args

from event_topics import (
    Action,
    AddPartitions,
    AlterConfig,
    Blocked,
    CreateTopic,
    RegisterSchema,
    SetCompatibility,
    Unknown,
)


def test_programs_know_each_step_by_its_kind() -> None:
    assert {step: step.kind for step in (*get_args(Action), Blocked, Unknown)} == {
        CreateTopic: "CreateTopic",
        AddPartitions: "AddPartitions",
        AlterConfig: "AlterConfig",
        SetCompatibility: "SetCompatibility",
        RegisterSchema: "RegisterSchema",
        Blocked: "Refusal",
        Unknown: "Unknown",
    }
