"""Observation of subjects: in full, or by a quick check that costs few requests while nothing changes.

The Confluent API returns one subject a request. To observe thousands of them every minute, a request or two show which
subjects have other versions than at the last look. Compatibility levels, whose changes nothing shows, are all requested
each time while there are few subjects, and in turn when there are many.
"""

import hashlib
import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from event_topics import Changes, Latest, Mark, SchemaSubjects
from event_topics.model import DesiredSchema, Failure, ObservedSubject
from heartzone_operator.cluster.guard import Guard

# Quick checks in which each subject of many has its turn: within 16 hours at the default interval.
_TURNS = 1_000


class SubjectObserver:
    """Remembers what it observed. `sweep`: the number of subjects up to which each quick check requests all levels."""

    def __init__(self, registry: SchemaSubjects, guard: Guard, *, sweep: int) -> None:
        self._registry = registry
        self._guard = guard
        self._sweep = sweep
        self._known: dict[str, tuple[bytes, ObservedSubject]] = {}
        self._mark: Mark | None = None
        self._turn = 0

    def forget(self, subject: str) -> None:
        """Observe a subject anew the next time, since it is about to change."""
        self._known.pop(subject, None)

    def keep_only(self, subjects: Collection[str]) -> None:
        """Forget all others."""
        for name in self._known.keys() - set(subjects):
            del self._known[name]

    def observe_in_full(self, subjects: Mapping[str, DesiredSchema]) -> dict[str, ObservedSubject | Failure]:
        """Observe every subject."""
        if not subjects:
            return {}
        if self._mark is None:  # before the first of them, so that later changes are known from all
            self._look()
        return self._guard.call(subjects.keys(), lambda: self._request(subjects))

    def quick_check(self, subjects: Mapping[str, DesiredSchema]) -> dict[str, ObservedSubject | Failure]:
        """Observe the subjects that may have changed; return the others as they were observed before."""
        if not subjects:
            return {}
        changes = self._look()
        if isinstance(changes, Failure):
            return dict.fromkeys(subjects, changes)
        anew = {name for name, schema in subjects.items() if not self._is_known(name, schema)}
        levels: dict[str, str | Failure | None] = {}
        if changes.shows_versions:
            turn = self._whose_turn(name for name, schema in subjects.items() if schema.compatibility is not None)
            levels = self._guard.record_by_name(self._registry.compatibilities(turn - anew))
        else:
            anew |= self._whose_turn(subjects)
        observed = self.observe_in_full({name: subjects[name] for name in anew})
        for name in subjects.keys() - anew:
            known, level = self._known[name][1], levels.get(name)
            if isinstance(level, Failure):
                observed[name] = level
            elif name in levels and level != known.compatibility:
                observed[name] = replace(known, compatibility=level)
            else:
                observed[name] = known
        return observed

    def _look(self) -> Changes | Failure:
        """Find out what has changed since the last look, and forget it."""
        if (failure := self._guard.open_with()) is not None:
            return failure
        (changes,) = self._guard.record([self._registry.changes(self._mark)])
        if isinstance(changes, Failure):
            return changes
        # Before the observation, so that a change meanwhile is found the next time.
        self._mark = changes.mark
        if changes.subjects is None:
            self._known.clear()
            return changes
        for name, latest in changes.subjects.items():
            if not self._is_observed(name, latest):
                self.forget(name)
        if changes.listed is not None:
            self.keep_only(changes.listed)
        return changes

    def _is_observed(self, name: str, latest: Latest | None) -> bool:
        """Return whether the version was observed already, such as one that the operator itself has registered."""
        if latest is None or name not in self._known:
            return False
        observed = self._known[name][1].latest
        return observed is not None and observed.version == latest.version and observed.id in latest.ids

    def _request(self, subjects: Mapping[str, DesiredSchema]) -> dict[str, ObservedSubject | Failure]:
        observed = self._registry.observe(subjects)
        for name, schema in subjects.items():
            each = observed.get(name)
            if isinstance(each, ObservedSubject):
                # Without its text: the plan compares versions only, and a thousand texts would waste memory.
                latest = replace(each.latest, text="", references=()) if each.latest else None
                self._known[name] = _digest(schema), replace(each, latest=latest)
            else:
                self._known.pop(name, None)
        return observed

    def _whose_turn(self, subjects: Iterable[str]) -> set[str]:
        """Return those that are requested this time, though nothing shows a change."""
        names = sorted(subjects)
        if len(names) <= self._sweep:
            return set(names)
        share = math.ceil(len(names) / _TURNS)
        self._turn += 1
        return {names[(self._turn * share + each) % len(names)] for each in range(share)}

    def _is_known(self, name: str, schema: DesiredSchema) -> bool:
        return name in self._known and self._known[name][0] == _digest(schema)


def _digest(schema: DesiredSchema) -> bytes:
    return hashlib.sha256(f"{schema.type}\0{schema.text}\0{schema.references}".encode()).digest()
