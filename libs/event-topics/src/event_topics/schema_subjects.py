"""The registry side, over the Confluent API: what subjects hold now, and the schema halves of a plan.

Known to work with Confluent's registry API as Apicurio 3.3 serves it (`/apis/ccompat/v7`), whose particulars are:
an unset level of a subject reads as the registry's own, a refused schema is a 409 with a Java class's name in front,
and registering an old version's text again answers with its id and leaves the latest as it is.
"""

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, Self, cast

from event_topics.failures import Failure
from event_topics.plan import RegisterSchema, SetCompatibility, SubjectAction
from event_topics.registry_client import NoAnswer, RegistryClient
from event_topics.registry_failures import (
    INVALID_SCHEMA,
    SCHEMA_NOT_FOUND,
    SUBJECT_LEVEL_NOT_SET,
    SUBJECT_NOT_FOUND,
    SUBJECT_SOFT_DELETED,
    VERSION_NOT_FOUND,
)
from event_topics.resource import SchemaType
from event_topics.schema_text import canonical
from event_topics.state import DesiredSchema, ObservedSubject, SchemaVersion

if TYPE_CHECKING:
    from confluent_kafka.schema_registry import Schema, SchemaReference

_CONCURRENT_REQUESTS = 8


class Fingerprint(NamedTuple):
    """Differs from a former one once any subject comes or goes and, if `shows_versions`, gains or loses a version."""

    digest: str
    shows_versions: bool


class SchemaSubjects:
    """A client of one registry, to be closed. `timeout` in seconds bounds the wait for an answer, which is tried twice.

    `on_request` hears of each request.
    """

    def __init__(
        self,
        client_config: Mapping[str, str | int | float],
        *,
        timeout: float = 5.0,
        on_request: Callable[[], None] = lambda: None,
    ) -> None:
        """Start the client without connecting. Raises InvalidRegistryConfig."""
        self._client = RegistryClient(client_config, timeout=timeout, on_request=on_request)

    def close(self) -> None:
        """Close the connections; the client is of no use afterwards."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def names(self) -> tuple[str, ...] | Failure:
        """Return the names of all subjects."""
        self._client.begin()
        try:
            return tuple(sorted(self._client.listing("subjects")))
        except NoAnswer as no_answer:
            return no_answer.failure

    def latest(self, subjects: Collection[str]) -> dict[str, ObservedSubject | Failure]:
        """Return what each subject holds now, whatever is asked for; subjects that are not there hold nothing.

        A level equal to the registry's own counts as unset, since Apicurio tells an unset one so.
        """
        if not subjects:
            return {}
        self._client.begin()
        try:
            own_level = self._client.ask(lambda client: client.get_compatibility())
        except NoAnswer as no_answer:
            return dict.fromkeys(subjects, no_answer.failure)

        def look(subject: str) -> ObservedSubject | Failure:
            found = self._observe(subject, None)
            if isinstance(found, ObservedSubject) and found.compatibility == own_level:
                return replace(found, compatibility=None)
            return found

        with _pool() as pool:
            return dict(zip(subjects, pool.map(look, subjects), strict=True))

    def observe(self, desired: Mapping[str, DesiredSchema]) -> dict[str, ObservedSubject | Failure]:
        """Return what each subject holds; subjects that the registry does not list are left out. Never raises for what
        the registry says.

        One request lists the subjects, so that those which are new cost none of their own.
        """
        if not desired:
            return {}
        self._client.begin()
        try:
            listed = set(self._client.listing("subjects"))
        except NoAnswer as no_answer:
            return dict.fromkeys(desired, no_answer.failure)
        present = sorted(desired.keys() & listed)
        with _pool() as pool:
            return dict(zip(present, pool.map(lambda name: self._observe(name, desired[name]), present), strict=True))

    def fingerprint(self) -> Fingerprint | Failure:
        """Return what tells of changes, for the price of one request; versions show where GET /schemas is served.

        It says nothing of compatibility levels: the Confluent API tells those of one subject at a time only. Nor does
        it say which subject has changed: Apicurio lists texts without the names of their subjects.
        """
        self._client.begin()
        try:
            try:
                listed, shows_versions = self._client.listing("schemas"), True
            except NoAnswer as no_answer:
                if no_answer.failure.transient:
                    raise
                listed, shows_versions = sorted(self._client.listing("subjects")), False
        except NoAnswer as no_answer:
            return no_answer.failure
        return Fingerprint(hashlib.sha256(json.dumps(listed, sort_keys=True).encode()).hexdigest(), shows_versions)

    def compatibilities(self, subjects: Collection[str]) -> dict[str, str | Failure | None]:
        """Return each subject's own level, None when it has none."""
        self._client.begin()

        def look(subject: str) -> str | Failure | None:
            try:
                return self._compatibility(subject)
            except NoAnswer as no_answer:
                return no_answer.failure

        with _pool() as pool:
            return dict(zip(subjects, pool.map(look, subjects), strict=True))

    def delete(self, subjects: Collection[str]) -> dict[str, Failure | None]:
        """Delete subjects softly: their schemas stay readable by id. One that is not there is as good as deleted.

        No plan ever asks for this: only who removes a resource whose deletionPolicy says so.
        """
        self._client.begin()

        def remove(subject: str) -> Failure | None:
            try:
                self._client.ask_or_none(
                    lambda client: client.delete_subject(subject), absent=(SUBJECT_NOT_FOUND, SUBJECT_SOFT_DELETED)
                )
            except NoAnswer as no_answer:
                return no_answer.failure
            return None

        with _pool() as pool:
            return dict(zip(subjects, pool.map(remove, subjects), strict=True))

    def carry_out(self, actions: Iterable[SubjectAction]) -> Iterator[tuple[SubjectAction, Failure | None]]:
        """Do the actions, those of one subject in order and until one fails; yield each with None, or why it failed."""
        self._client.begin()
        by_subject: dict[str, list[SubjectAction]] = {}
        for action in actions:
            by_subject.setdefault(action.subject, []).append(action)
        with _pool() as pool:
            for outcomes in pool.map(self._carry_out, by_subject.values()):
                yield from outcomes

    def _observe(self, subject: str, desired: DesiredSchema | None) -> ObservedSubject | Failure:
        try:
            compatibility = self._compatibility(subject)
            registered = self._client.ask_or_none(
                lambda client: client.get_latest_version(subject), absent=(SUBJECT_NOT_FOUND, VERSION_NOT_FOUND)
            )
            if registered is None:
                return ObservedSubject(compatibility=compatibility)
            schema = registered.schema
            if desired is None and schema.references:
                return _refers_to(subject, schema.references)
            assert registered.schema_id is not None
            assert registered.version is not None
            latest = SchemaVersion(
                id=registered.schema_id,
                version=registered.version,
                type=cast("SchemaType", schema.schema_type),
                text=schema.schema_str or "",
            )
            return ObservedSubject(
                latest=latest,
                compatibility=compatibility,
                desired_version=self._version_of(subject, desired, latest) if desired is not None else None,
            )
        except NoAnswer as no_answer:
            return no_answer.failure

    def _compatibility(self, subject: str) -> str | None:
        level: str | None = self._client.ask_or_none(
            lambda client: client.get_compatibility(subject), absent=(SUBJECT_LEVEL_NOT_SET, SUBJECT_NOT_FOUND)
        )
        return level

    def _version_of(self, subject: str, desired: DesiredSchema, latest: SchemaVersion) -> int | None:
        """Return the version under which the subject holds the desired schema; ask only when that is not the latest."""
        if latest.type != desired.type:
            return None
        if canonical(desired.type, latest.text) == canonical(desired.type, desired.text):
            return latest.version
        found = self._client.ask_or_none(
            lambda client: client.lookup_schema(subject, _schema(desired.type, desired.text)),
            # A schema that the registry cannot read is certainly not one that it holds; registering it says why.
            absent=(SCHEMA_NOT_FOUND, SUBJECT_NOT_FOUND, INVALID_SCHEMA),
        )
        return found.version if found else None

    def _carry_out(self, actions: Sequence[SubjectAction]) -> list[tuple[SubjectAction, Failure | None]]:
        outcomes: list[tuple[SubjectAction, Failure | None]] = []
        failure: Failure | None = None
        for action in actions:
            if failure is None:  # else a schema would be registered under a rule that was not meant for it
                try:
                    self._do(action)
                except NoAnswer as no_answer:
                    failure = no_answer.failure
            outcomes.append((action, failure))
        return outcomes

    def _do(self, action: SubjectAction) -> None:
        match action:
            case SetCompatibility():
                self._client.ask(lambda client: client.set_compatibility(action.subject, action.after))
            case RegisterSchema():
                self._client.ask(
                    lambda client: client.register_schema(action.subject, _schema(action.type, action.text))
                )


def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_CONCURRENT_REQUESTS, thread_name_prefix="registry")


def _refers_to(subject: str, references: "Sequence[SchemaReference]") -> Failure:
    named = ", ".join(repr(reference.subject) for reference in references)
    return Failure(
        "SchemaHasReferences",
        f"The schema of {subject!r} refers to other subjects ({named}), which an EventTopic cannot: keep it by hand.",
    )


def _schema(schema_type: SchemaType, text: str) -> "Schema":
    from confluent_kafka.schema_registry import Schema  # noqa: PLC0415 - as in __init__

    return Schema(text, schema_type)
