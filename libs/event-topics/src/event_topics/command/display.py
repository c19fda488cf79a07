"""Plans and outcomes as text: indented lines for people, one JSON object a step for programs. Pure."""

import difflib
import json
from collections.abc import Iterator
from dataclasses import asdict
from itertools import groupby

from event_topics import (
    Action,
    AddPartitions,
    AlterConfig,
    Blocked,
    ConfigChange,
    CreateTopic,
    Failure,
    Outcome,
    Plan,
    RegisterSchema,
    SetCompatibility,
    Unknown,
    consequences,
)
from event_topics.command.output import json_line

_MAX_DIFF_LINES = 40


def plan_lines(plan: Plan, topics: int) -> Iterator[str]:
    """Show a plan, topic by topic, and end with counts; `topics` is the number of topics that are defined."""
    steps = sorted((*plan.actions, *plan.blocked), key=lambda step: step.topic)
    created = changed = blocked = 0
    for topic, group in groupby(steps, key=lambda step: step.topic):
        of_topic = list(group)
        new = any(isinstance(step, CreateTopic) for step in of_topic)
        created += new
        changed += not new and any(not isinstance(step, Blocked) for step in of_topic)
        blocked += any(isinstance(step, Blocked) for step in of_topic)
        yield f"{'+' if new else '~'} {topic}"
        for step in of_topic:
            yield from (f"    {line}" for line in step_lines(step))
    # An outage concerns many topics, and is shown once.
    unknown: dict[str, list[Unknown]] = {}
    for each in plan.unknown:
        unknown.setdefault(each.failure.message, []).append(each)
    for message, unknowns in unknown.items():
        yield f"? {', '.join(sorted({each.topic for each in unknowns}))}"
        yield f"    {message}"
    touched = {step.topic for step in (*steps, *plan.unknown)}
    counts = {
        "to create": created,
        "to change": changed,
        "blocked": blocked,
        "unknown": len({each.topic for each in plan.unknown}),
        "unchanged": topics - len(touched),
    }
    yield f"Topics: {', '.join(f'{count} {what}' for what, count in counts.items() if count) or 'none'}."


def step_lines(step: Action | Blocked) -> Iterator[str]:
    """Describe a step with its details and what of it cannot be undone."""
    if isinstance(step, Blocked):
        yield f"{step.failure.reason}: {step.failure.message}"
        return
    yield summary(step)
    if isinstance(step, CreateTopic):
        yield from (f"  {key}: {value}" for key, value in sorted(step.config.items()))
    if isinstance(step, RegisterSchema):
        yield from (f"  {line}" for line in _schema_diff(step))
    yield from (f"! {sentence}" for sentence in consequences(step))


def summary(action: Action) -> str:
    """Describe an action in one line."""
    match action:
        case CreateTopic(partitions=partitions, replicas=replicas):
            copies = replicas or "the broker's default"
            return f"create topic: {partitions} partitions, replicas: {copies}"
        case AddPartitions(before=few, after=more):
            return f"partitions: {few} → {more}"
        case AlterConfig(changes=changes):
            return ", ".join(map(_change, changes))
        case SetCompatibility(subject=subject, before=old, after=new):
            return f"{subject}: compatibility {old or 'unset'} → {new or 'unset'}"
        case RegisterSchema(subject=subject, type=language, latest=latest):
            return f"{subject}: register {language} schema, " + (
                f"after version {latest.version}" if latest else "its first"
            )


def plan_objects(plan: Plan) -> Iterator[str]:
    """Yield one JSON object a step: its kind, its fields, and what of it cannot be undone."""
    for action in plan.actions:
        yield json_line(_planned(action) | {"irreversible": consequences(action)})
    yield from (json_line(_unplanned(step)) for step in plan.blocked)
    yield from (json_line(_unplanned(unknown)) for unknown in plan.unknown)


def outcome_object(outcome: Outcome) -> str:
    """Return one JSON object: the step as in the plan, its `status`, and the failure if it was not applied."""
    step = outcome.step
    if isinstance(step, Blocked | Unknown):
        return json_line(_unplanned(step) | {"status": outcome.status})
    failure = _failure(outcome.failure) if outcome.failure else {}
    return json_line(_planned(step) | {"status": outcome.status} | failure)


def outcome_line(outcome: Outcome) -> str:
    """Return one line: a mark, the topic, and what was done, or why not."""
    step = outcome.step
    if isinstance(step, Blocked | Unknown):
        return f"✗ {step.topic}: {step.failure.reason}: {step.failure.message}"
    if outcome.failure is not None:
        return f"✗ {step.topic}: {outcome.failure.reason}: {outcome.failure.message}"
    return f"✓ {step.topic}: {summary(step)}"


def _planned(action: Action) -> dict[str, object]:
    return {"step": action.kind, **asdict(action)}


def _unplanned(step: Blocked | Unknown) -> dict[str, object]:
    where = {"resource": step.resource, "topic": step.topic, "half": step.half}
    return {"step": step.kind, **where, **_failure(step.failure)}


def _failure(failure: Failure) -> dict[str, object]:
    return {"reason": failure.reason, "message": failure.message, "transient": failure.transient}


def _change(change: ConfigChange) -> str:
    before = "unset" if change.before is None else change.before
    inherited = " (inherited)" if change.inherited and change.before is not None else ""
    return f"{change.key}: {before}{inherited} → {'the default' if change.after is None else change.after}"


def _schema_diff(step: RegisterSchema) -> list[str]:
    if step.latest is None:
        return []
    before, after = (_indented(text) for text in (step.latest.text, step.text))
    lines = list(difflib.unified_diff(before, after, n=2, lineterm=""))[2:]
    left_off = len(lines) - _MAX_DIFF_LINES
    return lines if left_off <= 0 else [*lines[:_MAX_DIFF_LINES], f"… {left_off} more lines"]


def _indented(text: str) -> list[str]:
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False).split("\n")
    except ValueError:  # not JSON: a .proto
        return text.split("\n")
