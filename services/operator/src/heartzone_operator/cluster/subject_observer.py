"""Observation of subjects: in full, or by a quick check that costs few requests while nothing changes.

The Confluent API returns one subject a request. To observe a thousand of them every minute, one request shows whether
any subject has another version than at the last full observation. Compatibility levels, whose changes nothing shows,
are all requested each time while there are few subjects, and in turn when there are many.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace

from event_topics import Fingerprint, SchemaSubjects
from event_topics.model import DesiredSchema, Failure, ObservedSubject
from heartzone_operator.cluster.guard import Guard


class SubjectObserver:
    """Remembers what it observed. `sweep`: the number of subjects up to which each quick check requests all levels."""

    def __init__(self, registry: SchemaSubjects, guard: Guard, *, sweep: int) -> None:
        self._registry = registry
        self._guard = guard
        self._sweep = sweep
        self._known: dict[str, tuple[bytes, ObservedSubject]] = {}
        self._fingerprint: Fingerprint | None = None
        self._turn = 0

    def forget(self, subject: str) -> None:
        """Observe a subject anew the next time, since it is about to change."""
        self._known.pop(subject, None)

    def observe_in_full(self, subjects: Mapping[str, DesiredSchema]) -> dict[str, ObservedSubject | Failure]:
        """Observe every subject."""
        if not subjects:
            return {}
        return self._guard.call(subjects.keys(), lambda: self._request(subjects))

    def quick_check(self, subjects: Mapping[str, DesiredSchema]) -> dict[str, ObservedSubject | Failure]:
        """Observe the subjects that may have changed; return the others as they were observed before."""
        if not subjects:
            return {}
        if (failure := self._guard.open_with()) is not None:
            return dict.fromkeys(subjects, failure)
        (fingerprint,) = self._guard.record([self._registry.fingerprint()])
        if isinstance(fingerprint, Failure):
            return dict.fromkeys(subjects, fingerprint)
        if fingerprint != self._fingerprint:
            observed = self.observe_in_full(subjects)
            # Taken before the observation, so a change meanwhile makes the next one differ.
            self._fingerprint = fingerprint
            return observed
        anew = {name for name, schema in subjects.items() if not self._is_known(name, schema)}
        levels: dict[str, str | Failure | None] = {}
        if fingerprint.shows_versions:
            turn = self._whose_turn(name for name, schema in subjects.items() if schema.compatibility is not None)
            levels = self._guard.record_by_name(self._registry.compatibilities(turn - anew))
        else:
            anew |= self._whose_turn(subjects)
        observed = self.observe_in_full({name: subjects[name] for name in anew})
        for name in subjects.keys() - anew:
            known, level = self._known[name][1], levels.get(name)
            if isinstance(level, Failure):
                observed[name] = level
            else:
                observed[name] = replace(known, compatibility=level) if name in levels else known
        return observed

    def _request(self, subjects: Mapping[str, DesiredSchema]) -> dict[str, ObservedSubject | Failure]:
        observed = self._registry.observe(subjects)
        for name, schema in subjects.items():
            each = observed.get(name)
            if isinstance(each, ObservedSubject):
                # Without its text: the plan compares versions only, and a thousand texts would waste memory.
                latest = replace(each.latest, text="") if each.latest else None
                self._known[name] = _digest(schema), replace(each, latest=latest)
            else:
                self._known.pop(name, None)
        return observed

    def _whose_turn(self, subjects: Iterable[str]) -> set[str]:
        """Return those that are requested this time, though nothing shows a change."""
        names = sorted(subjects)
        if len(names) <= self._sweep:
            return set(names)
        self._turn += 1
        return {names[self._turn % len(names)]}

    def _is_known(self, name: str, schema: DesiredSchema) -> bool:
        return name in self._known and self._known[name][0] == _digest(schema)


def _digest(schema: DesiredSchema) -> bytes:
    return hashlib.sha256(f"{schema.type}\0{schema.text}".encode()).digest()
