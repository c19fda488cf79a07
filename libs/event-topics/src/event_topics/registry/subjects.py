"""The registry adapter, over the Confluent API: observes subjects and applies the schema halves of a plan.

Works with the Confluent API as Apicurio 3.3 serves it (`/apis/ccompat/v7`), with these particularities: an unset level
of a subject reads as the registry's own, an incompatible schema is a 409 with the name of a Java class in front, and
registering the text of an old version again returns its id and leaves the latest version as it is.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Self, TypeVar, cast

from event_topics.model.failures import Failure
from event_topics.model.reasons import FailureReason
from event_topics.model.resource import SchemaType
from event_topics.model.schema_text import canonical, with_draft
from event_topics.model.state import DesiredSchema, ObservedSubject, SchemaVersion
from event_topics.model.steps import RegisterSchema, SetCompatibility, SubjectAction
from event_topics.registry.changes import Changes, Mark, changes_since
from event_topics.registry.client import RegistryClient, RegistryRequestError
from event_topics.registry.errors import (
    INVALID_SCHEMA,
    SCHEMA_NOT_FOUND,
    SUBJECT_LEVEL_NOT_SET,
    SUBJECT_NOT_FOUND,
    SUBJECT_SOFT_DELETED,
    VERSION_NOT_FOUND,
)
from event_topics.registry.references import independent, references_of, schema_of
from event_topics.registry.responses import of_type, registered_version

if TYPE_CHECKING:
    from confluent_kafka.schema_registry import Schema, SchemaRegistryClient

_T = TypeVar("_T")

_CONCURRENT_REQUESTS = 8


class SchemaSubjects:
    """A client of one registry, to be closed.

    `timeout` in seconds bounds the wait for a response, of which there are two attempts. `on_request` is called with
    each request.
    """

    def __init__(
        self,
        client_config: Mapping[str, str | int | float],
        *,
        timeout: float = 5.0,
        on_request: Callable[[], None] = lambda: None,
    ) -> None:
        """Start the client without connecting. Raises InvalidRegistryConfigError."""
        self._client = RegistryClient(client_config, timeout=timeout, on_request=on_request)

    def reconnect(self, client_config: Mapping[str, str | int | float]) -> None:
        """Go on with a client that has these properties, as after a rotation of credentials; from any thread.

        Raises InvalidRegistryConfigError.
        """
        self._client.reconnect(client_config)

    def close(self) -> None:
        """Close the connections; the client cannot be used afterwards."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def names(self) -> tuple[str, ...] | Failure:
        """Return the names of all subjects."""
        self._client.begin()
        try:
            return tuple(sorted(self._client.listing("subjects", str)))
        except RegistryRequestError as error:
            return error.failure

    def latest(self, subjects: Collection[str]) -> dict[str, ObservedSubject | Failure]:
        """Return the state of each subject, whatever is desired; an absent subject has no schema.

        A level equal to the registry's own counts as unset, since Apicurio returns it for an unset one.
        """
        if not subjects:
            return {}
        self._client.begin()
        try:
            own_level = self._client.request(lambda client: of_type(client.get_compatibility(), str, "the level"))
        except RegistryRequestError as error:
            return dict.fromkeys(subjects, error.failure)

        def observe(subject: str) -> ObservedSubject | Failure:
            found = self._observe(subject, None)
            if isinstance(found, ObservedSubject) and found.compatibility == own_level:
                return replace(found, compatibility=None)
            return found

        with _pool() as pool:
            return dict(zip(subjects, pool.map(observe, subjects), strict=True))

    def observe(self, desired: Mapping[str, DesiredSchema]) -> dict[str, ObservedSubject | Failure]:
        """Return the state of each subject; those that the registry does not list are left out.

        An error of the registry is a Failure, never raised. One request lists the subjects, so that new ones cost none
        of their own.
        """
        if not desired:
            return {}
        self._client.begin()
        try:
            listed = set(self._client.listing("subjects", str))
        except RegistryRequestError as error:
            return dict.fromkeys(desired, error.failure)
        present = sorted(desired.keys() & listed)
        with _pool() as pool:
            return dict(zip(present, pool.map(lambda name: self._observe(name, desired[name]), present), strict=True))

    def changes(self, since: Mark | None) -> Changes | Failure:
        """Return which subjects have changed since a former look, None for a first one, for a request or two."""
        self._client.begin()
        try:
            return changes_since(since, self._client)
        except RegistryRequestError as error:
            return error.failure

    def compatibilities(self, subjects: Collection[str]) -> dict[str, str | Failure | None]:
        """Return each subject's own level, None when it has none."""
        self._client.begin()

        def level(subject: str) -> str | Failure | None:
            try:
                return self._compatibility(subject)
            except RegistryRequestError as error:
                return error.failure

        with _pool() as pool:
            return dict(zip(subjects, pool.map(level, subjects), strict=True))

    def delete(self, subjects: Collection[str]) -> dict[str, Failure | None]:
        """Delete subjects softly: their schemas stay readable by id. An absent subject counts as deleted.

        No plan ever contains this: it is for the removal of a resource whose deletionPolicy is Delete.
        """
        self._client.begin()

        def remove(subject: str) -> Failure | None:
            try:
                self._client.request_or_none(
                    lambda client: client.delete_subject(subject), absent=(SUBJECT_NOT_FOUND, SUBJECT_SOFT_DELETED)
                )
            except RegistryRequestError as error:
                return error.failure
            return None

        with _pool() as pool:
            return dict(zip(subjects, pool.map(remove, subjects), strict=True))

    def apply(self, actions: Iterable[SubjectAction]) -> Iterator[tuple[SubjectAction, Failure | None]]:
        """Apply the actions, a subject's in order and until one fails; yield each with None, or why it failed.

        Schemas come after those that they refer to.
        """
        self._client.begin()
        by_subject: dict[str, list[SubjectAction]] = {}
        for action in actions:
            by_subject.setdefault(action.subject, []).append(action)
        with _pool() as pool:
            while by_subject:
                some = independent(by_subject)
                for outcomes in pool.map(self._apply, [by_subject.pop(subject) for subject in some]):
                    yield from outcomes

    def _observe(self, subject: str, desired: DesiredSchema | None) -> ObservedSubject | Failure:
        try:
            compatibility = self._compatibility(subject)
            registered = self._client.request_or_none(
                lambda client: registered_version(client.get_latest_version(subject)),
                absent=(SUBJECT_NOT_FOUND, VERSION_NOT_FOUND),
            )
            if registered is None:
                return ObservedSubject(compatibility=compatibility)
            schema = registered.schema
            latest = SchemaVersion(
                id=cast("int", registered.schema_id),
                version=cast("int", registered.version),
                type=cast("SchemaType", schema.schema_type),
                text=cast("str", schema.schema_str),
                references=references_of(schema),
            )
            return ObservedSubject(
                latest=latest,
                compatibility=compatibility,
                desired_version=self._version_of(subject, desired, latest) if desired is not None else None,
            )
        except RegistryRequestError as error:
            return error.failure

    def _compatibility(self, subject: str) -> str | None:
        level: str | None = self._client.request_or_none(
            lambda client: of_type(client.get_compatibility(subject), str, "the level"),
            absent=(SUBJECT_LEVEL_NOT_SET, SUBJECT_NOT_FOUND),
        )
        return level

    def _version_of(self, subject: str, desired: DesiredSchema, latest: SchemaVersion) -> int | None:
        """Return the version under which the subject holds the desired schema; no request when it is the latest."""
        if latest.type != desired.type:
            return None
        if set(desired.references) == set(latest.references) and canonical(desired.type, latest.text) == canonical(
            desired.type, desired.text
        ):
            return latest.version
        try:
            found = self._with_schema(
                desired,
                lambda client, schema: registered_version(client.lookup_schema(subject, schema)),
            )
        except RegistryRequestError as error:
            # A schema that the registry cannot parse is not one that it holds; registering it returns why.
            if error.code in (SCHEMA_NOT_FOUND, SUBJECT_NOT_FOUND, INVALID_SCHEMA):
                return None
            raise
        return found.version

    def _with_schema(
        self, schema: DesiredSchema | RegisterSchema, call: "Callable[[SchemaRegistryClient, Schema], _T]"
    ) -> _T:
        """Make one request with a schema, again with the draft's name where a registry may need that to parse it.

        Raises RegistryRequestError.
        """
        try:
            text = schema.text
            return self._client.request(lambda client: call(client, schema_of(schema.type, text, schema.references)))
        except RegistryRequestError as error:
            # Of what it cannot parse, a registry may say that the subject does not hold it.
            named = with_draft(schema.type, schema.text) if error.code in (INVALID_SCHEMA, SCHEMA_NOT_FOUND) else None
            if named is None:
                raise
            return self._client.request(lambda client: call(client, schema_of(schema.type, named, schema.references)))

    def _apply(self, actions: Sequence[SubjectAction]) -> list[tuple[SubjectAction, Failure | None]]:
        outcomes: list[tuple[SubjectAction, Failure | None]] = []
        failure: Failure | None = None
        for action in actions:
            if failure is None:  # else a schema would be registered under another level than its spec asks for
                try:
                    self._apply_one(action)
                except RegistryRequestError as error:
                    failure = error.failure
            outcomes.append((action, failure))
        return outcomes

    def _apply_one(self, action: SubjectAction) -> None:
        match action:
            case SetCompatibility(subject=subject, after=None):
                self._client.request_or_none(
                    lambda client: client.delete_config(subject), absent=(SUBJECT_LEVEL_NOT_SET, SUBJECT_NOT_FOUND)
                )
            case SetCompatibility(subject=subject, after=str(level)):
                self._set_compatibility(subject, level)
            case RegisterSchema():
                self._with_schema(action, lambda client, schema: client.register_schema(action.subject, schema))

    def _set_compatibility(self, subject: str, level: str) -> None:
        """Set the level of a subject, once more where the registry tells a conflict.

        Apicurio looks for the level and then adds one: of two requests at once, such as one that timed out and its
        repetition, the second is a 409. A level that is there already is replaced.
        """
        try:
            self._client.request(lambda client: client.set_compatibility(subject, level))
        except RegistryRequestError as error:
            if error.failure.reason is not FailureReason.INCOMPATIBLE_SCHEMA:
                raise
            self._client.request(lambda client: client.set_compatibility(subject, level))


def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_CONCURRENT_REQUESTS, thread_name_prefix="registry")
