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
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast
from urllib.parse import urlsplit

from event_topics.failures import Failure
from event_topics.plan import RegisterSchema, SetCompatibility, SubjectAction
from event_topics.registry_failures import (
    INVALID_SCHEMA,
    SCHEMA_NOT_FOUND,
    SUBJECT_LEVEL_NOT_SET,
    SUBJECT_NOT_FOUND,
    SUBJECT_SOFT_DELETED,
    VERSION_NOT_FOUND,
    refused,
    unavailable,
)
from event_topics.resource import SchemaType
from event_topics.schema_text import canonical
from event_topics.state import DesiredSchema, ObservedSubject, SchemaVersion

if TYPE_CHECKING:
    from confluent_kafka.schema_registry import Schema, SchemaReference

_T = TypeVar("_T")

_CONCURRENT_REQUESTS = 8
_LISTED_AT_ONCE = 10_000


class InvalidRegistryConfig(ValueError):
    """The client properties are not ones that a registry client can start with; the message says which."""


class SchemaSubjects:
    """A client of one registry, to be closed. `timeout` in seconds bounds each request, and each is tried twice."""

    def __init__(
        self,
        client_config: Mapping[str, str | int | float],
        *,
        timeout: float = 5.0,
        on_request: Callable[[], None] = lambda: None,
    ) -> None:
        """Start the client without connecting; `on_request` hears of each request. Raises InvalidRegistryConfig."""
        # Imported late: the registry's client takes longer to import than all else here together.
        from confluent_kafka.schema_registry import SchemaRegistryClient  # noqa: PLC0415

        self._on_request = on_request
        self._away: Failure | None = None
        self._url = _without_credentials(str(client_config.get("url", "")))
        bounds = {"timeout": timeout, "max.retries": 1, "retries.wait.ms": 200, "retries.max.wait.ms": 500}
        try:
            self._client = SchemaRegistryClient({**bounds, **client_config})
        except (ValueError, TypeError, OSError) as error:
            raise InvalidRegistryConfig(f"The registry's client refuses its properties: {error}.") from error

    def close(self) -> None:
        """Close the connections; the client is of no use afterwards."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def names(self) -> tuple[str, ...] | Failure:
        """Return the names of all subjects."""
        self._forget()
        try:
            return tuple(sorted(self._listing("subjects")))
        except _NoAnswer as no_answer:
            return no_answer.failure

    def latest(self, subjects: Collection[str]) -> dict[str, ObservedSubject | Failure]:
        """Return what each subject holds now, whatever is asked for; subjects that are not there hold nothing.

        A level equal to the registry's own counts as unset, since Apicurio tells an unset one so.
        """
        if not subjects:
            return {}
        self._forget()
        try:
            own_level = self._ask(self._client.get_compatibility)
        except _NoAnswer as no_answer:
            return dict.fromkeys(subjects, no_answer.failure)

        def look(subject: str) -> ObservedSubject | Failure:
            found = self._observe(subject, None)
            if isinstance(found, ObservedSubject) and found.compatibility == own_level:
                return replace(found, compatibility=None)
            return found

        with ThreadPoolExecutor(_CONCURRENT_REQUESTS, thread_name_prefix="registry") as pool:
            return dict(zip(subjects, pool.map(look, subjects), strict=True))

    def observe(self, desired: Mapping[str, DesiredSchema]) -> dict[str, ObservedSubject | Failure]:
        """Return what each subject holds; subjects that the registry does not list are left out. Never raises for what
        the registry says.

        One request lists the subjects, so that those which are new cost none of their own.
        """
        if not desired:
            return {}
        self._forget()
        try:
            listed = set(self._listing("subjects"))
        except _NoAnswer as no_answer:
            return dict.fromkeys(desired, no_answer.failure)
        present = sorted(desired.keys() & listed)
        with ThreadPoolExecutor(_CONCURRENT_REQUESTS, thread_name_prefix="registry") as pool:
            return dict(zip(present, pool.map(lambda name: self._observe(name, desired[name]), present), strict=True))

    def fingerprint(self) -> str | Failure:
        """Return a text that differs once any subject gains or loses a version, for the price of one request.

        It says nothing of compatibility levels: the Confluent API lists those of one subject at a time only.
        """
        self._forget()
        try:
            try:
                listing = self._listing("schemas")
            except _NoAnswer as no_answer:
                if no_answer.failure.transient:
                    raise
                listing = sorted(self._listing("subjects"))
        except _NoAnswer as no_answer:
            return no_answer.failure
        return hashlib.sha256(json.dumps(listing, sort_keys=True).encode()).hexdigest()

    def compatibility(self, subject: str) -> str | Failure | None:
        """Return the subject's own level, None when it has none."""
        self._forget()
        try:
            return self._compatibility(subject)
        except _NoAnswer as no_answer:
            return no_answer.failure

    def delete(self, subject: str) -> Failure | None:
        """Delete a subject softly: its schemas stay readable by id. One that is not there is as good as deleted.

        No plan ever asks for this: only who removes a resource whose deletionPolicy says so.
        """
        self._forget()
        try:
            self._ask_or_none(
                lambda: self._client.delete_subject(subject), absent=(SUBJECT_NOT_FOUND, SUBJECT_SOFT_DELETED)
            )
        except _NoAnswer as no_answer:
            return no_answer.failure
        return None

    def carry_out(self, actions: Iterable[SubjectAction]) -> Iterator[tuple[SubjectAction, Failure | None]]:
        """Do the actions, those of one subject in order and until one fails; yield each with None, or why it failed."""
        self._forget()
        by_subject: dict[str, list[SubjectAction]] = {}
        for action in actions:
            by_subject.setdefault(action.subject, []).append(action)
        with ThreadPoolExecutor(_CONCURRENT_REQUESTS, thread_name_prefix="registry") as pool:
            for outcomes in pool.map(self._carry_out, by_subject.values()):
                yield from outcomes

    def _observe(self, subject: str, desired: DesiredSchema | None) -> ObservedSubject | Failure:
        try:
            compatibility = self._compatibility(subject)
            registered = self._ask_or_none(
                lambda: self._client.get_latest_version(subject), absent=(SUBJECT_NOT_FOUND, VERSION_NOT_FOUND)
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
        except _NoAnswer as no_answer:
            return no_answer.failure

    def _forget(self) -> None:
        # The client would answer a question, and even a registration, with what it saw last time.
        self._away = None
        self._client.clear_caches()  # type: ignore[no-untyped-call]

    def _listing(self, path: str) -> list[Any]:
        """Return all that the registry lists: it gives 1,000 at a time, or what it is asked for up to its own limit."""
        rest = self._client._rest_client  # the client has no method for GET /schemas
        found: list[Any] = []
        while True:
            offset = len(found)
            page = self._ask(lambda: rest.get(path, {"offset": offset, "limit": _LISTED_AT_ONCE}))  # noqa: B023
            if not page or page == found[-len(page) :]:
                return found  # the end, or a registry that gives no second page
            found += page
            if len(page) % 1_000:
                return found

    def _compatibility(self, subject: str) -> str | None:
        level: str | None = self._ask_or_none(
            lambda: self._client.get_compatibility(subject), absent=(SUBJECT_LEVEL_NOT_SET, SUBJECT_NOT_FOUND)
        )
        return level

    def _version_of(self, subject: str, desired: DesiredSchema, latest: SchemaVersion) -> int | None:
        """Return the version under which the subject holds the desired schema; ask only when that is not the latest."""
        if latest.type != desired.type:
            return None
        if canonical(desired.type, latest.text) == canonical(desired.type, desired.text):
            return latest.version
        found = self._ask_or_none(
            lambda: self._client.lookup_schema(subject, _schema(desired.type, desired.text)),
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
                except _NoAnswer as no_answer:
                    failure = no_answer.failure
            outcomes.append((action, failure))
        return outcomes

    def _do(self, action: SubjectAction) -> None:
        match action:
            case SetCompatibility():
                self._ask(lambda: self._client.set_compatibility(action.subject, action.after))
            case RegisterSchema():
                self._ask(lambda: self._client.register_schema(action.subject, _schema(action.type, action.text)))

    def _ask_or_none(self, call: Callable[[], _T], *, absent: Collection[int]) -> _T | None:
        """Call, and return None when the registry answers with one of the codes `absent`. Raises _NoAnswer."""
        try:
            return self._ask(call)
        except _NoAnswer as no_answer:
            if no_answer.code in absent:
                return None
            raise

    def _ask(self, call: Callable[[], _T]) -> _T:
        from confluent_kafka.schema_registry.error import SchemaRegistryError  # noqa: PLC0415 - as in __init__

        if self._away is not None:  # a thousand subjects must not wait for a thousand time-outs
            raise _NoAnswer(self._away)
        self._on_request()
        try:
            return call()
        except SchemaRegistryError as error:
            raise _NoAnswer(refused(error, self._url), error.error_code) from error
        except Exception as error:
            # Whatever else the client raises comes from its HTTP library or from an answer that it cannot read.
            words = f"did not answer as a registry does: {type(error).__name__} {error}"
            self._away = unavailable(self._url, words.rstrip())
            raise _NoAnswer(self._away) from error


class _NoAnswer(Exception):
    def __init__(self, failure: Failure, code: int | None = None) -> None:
        super().__init__(failure.message)
        self.failure = failure
        self.code = code


def _refers_to(subject: str, references: "Sequence[SchemaReference]") -> Failure:
    named = ", ".join(repr(reference.subject) for reference in references)
    return Failure(
        "SchemaHasReferences",
        f"The schema of {subject!r} refers to other subjects ({named}), which an EventTopic cannot: keep it by hand.",
    )


def _without_credentials(url: str) -> str:
    """Return the URL as messages may show it."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _schema(schema_type: SchemaType, text: str) -> "Schema":
    from confluent_kafka.schema_registry import Schema  # noqa: PLC0415 - as in __init__

    return Schema(text, schema_type)
