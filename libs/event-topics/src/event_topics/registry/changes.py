"""Changes of subjects since a former look, found for the price of a request or two, whatever number there are.

The Confluent API returns one subject a request, and its GET /schemas everything. Registries differ in what shows a
change for less: Apicurio's own API finds the latest versions, by which subjects have them; Confluent's GET /schemas
names the subject and version of each schema. Of others it is only known that something has changed.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from event_topics.registry.client import RegistryClient, RegistryRequestError
from event_topics.registry.responses import list_of, of_type

_PAGE_SIZE = 100
_MAX_PAGES = 20


@dataclass(frozen=True, slots=True)
class Latest:
    """A version of a subject, and the ids that the registry may give its schema."""

    version: int
    ids: frozenset[int]


@dataclass(frozen=True, slots=True)
class FoundVersions:
    """Mark of a search: the newest version, the number of versions, and when one was disabled last."""

    newest: int
    count: int
    disabled_at: str


@dataclass(frozen=True, slots=True)
class ListedVersions:
    """Mark of a listing that names subjects: a digest of the versions of each."""

    digests: Mapping[str, int] = field(repr=False)


@dataclass(frozen=True, slots=True)
class ListedTexts:
    """Mark of a listing that does not, of schemas or of subjects alone."""

    digest: str
    shows_versions: bool


Mark = FoundVersions | ListedVersions | ListedTexts


@dataclass(frozen=True, slots=True)
class Changes:
    """`subjects` are those that have changed, with the latest version where it is known; None: any may have.

    `listed` are all that there are, where that was found out. `shows_versions`: a new version would have shown.
    """

    mark: Mark
    subjects: Mapping[str, Latest | None] | None = None
    listed: frozenset[str] | None = None
    shows_versions: bool = True


def changes_since(mark: Mark | None, client: RegistryClient) -> Changes:
    """Return what has changed since the mark, None for a first look. Raises RegistryRequestError."""
    if client.has_search:
        try:
            return _search(mark if isinstance(mark, FoundVersions) else None, client)
        except RegistryRequestError as error:
            # The search is not served for this user, or not at all; an outage is what the listing fails on, too.
            if not error.failure.transient:
                client.has_search = False
    return _list(mark, client)


def _search(mark: FoundVersions | None, client: RegistryClient) -> Changes:
    """Look for versions that are newer than the newest one before.

    Deletions, which make fewer versions than there should be, disable versions first; those of whole subjects may be
    of all traces.
    """
    subjects: dict[str, Latest | None] = {}
    newest, count, added = mark.newest if mark else 0, 0, 0
    for count, each in _found(client, "ENABLED", "globalId"):  # noqa: B007
        if mark is None or of_type(each["globalId"], int, "globalId") <= mark.newest:
            newest = max(newest, each["globalId"])
            break
        newest, added = max(newest, each["globalId"]), added + 1
        subjects.setdefault(of_type(each["artifactId"], str, "artifactId"), _latest(each))
    else:
        if added >= _PAGE_SIZE * _MAX_PAGES:  # too many to say which
            return Changes(FoundVersions(newest, count, _disabled_at(client)))
    if mark is None:
        return Changes(FoundVersions(newest, count, _disabled_at(client)))
    if count == mark.count + added:
        return Changes(FoundVersions(newest, count, mark.disabled_at), subjects)
    if 2 * count < mark.count:  # a registry that was emptied, or is another one
        return Changes(FoundVersions(newest, count, mark.disabled_at))
    disabled_at = mark.disabled_at
    for _, each in _found(client, "DISABLED", "modifiedOn"):
        when = of_type(each["modifiedOn"], str, "modifiedOn")
        if when < mark.disabled_at:  # times are in seconds, so that those of the last one are looked at again
            break
        disabled_at = max(disabled_at, when)
        subjects[of_type(each["artifactId"], str, "artifactId")] = None
    listed = frozenset(client.listing("subjects", str))
    return Changes(FoundVersions(newest, count, disabled_at), subjects, listed)


def _found(client: RegistryClient, state: str, order: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the number of versions and each of them, latest first; (number, …) of a bounded number of pages."""
    for page in range(_MAX_PAGES):
        query: dict[str, str | int] = {
            "state": state,
            "orderby": order,
            "order": "desc",
            "limit": _PAGE_SIZE,
            "offset": page * _PAGE_SIZE,
        }
        response = client.search(query)
        count, versions = of_type(response["count"], int, "count"), list_of(response["versions"], dict)
        yield from ((count, each) for each in versions)
        if len(versions) < _PAGE_SIZE:
            return


def _disabled_at(client: RegistryClient) -> str:
    return next(
        (of_type(each["modifiedOn"], str, "modifiedOn") for _, each in _found(client, "DISABLED", "modifiedOn")), ""
    )


def _latest(each: Mapping[str, Any]) -> Latest | None:
    version = str(each.get("version"))
    if not version.isdecimal():  # Apicurio's own API names versions as people like
        return None
    # Which of the two is the Confluent API's id is a setting of Apicurio.
    return Latest(int(version), frozenset({each["globalId"], each.get("contentId", 0)}))


def _list(mark: Mark | None, client: RegistryClient) -> Changes:
    try:
        schemas = client.listing("schemas", dict)
    except RegistryRequestError as error:
        if error.failure.transient:
            raise
        names = ListedTexts(_digest(sorted(client.listing("subjects", str))), shows_versions=False)
        return Changes(names, {} if names == mark else None, shows_versions=False)
    versions: dict[str, list[tuple[int, int]]] = {}
    for each in schemas:
        subject, version, schema_id = each.get("subject"), each.get("version"), each.get("id")
        if not isinstance(subject, str) or not isinstance(version, int) or not isinstance(schema_id, int):
            texts = ListedTexts(_digest(schemas), shows_versions=True)
            return Changes(texts, {} if texts == mark else None)
        versions.setdefault(subject, []).append((version, schema_id))
    digests = {subject: hash(tuple(sorted(each))) for subject, each in versions.items()}
    if not isinstance(mark, ListedVersions):
        return Changes(ListedVersions(digests))
    changed = {
        subject: _last(versions.get(subject))
        for subject in digests.keys() | mark.digests.keys()
        if digests.get(subject) != mark.digests.get(subject)
    }
    return Changes(ListedVersions(digests), changed)


def _last(versions: list[tuple[int, int]] | None) -> Latest | None:
    if not versions:
        return None
    version, schema_id = max(versions)
    return Latest(version, frozenset({schema_id}))


def _digest(listed: object) -> str:
    return hashlib.sha256(json.dumps(listed, sort_keys=True).encode()).hexdigest()
