"""The check that the registry is whole: that it has what this worker knows it to have had.

A registry that was restarted empty, or restored from an old backup, responds like any other: only, it does not know
what it knew. While that is so, an id that it does not know says nothing about the record.
"""

import hashlib
import json
import random
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from threading import Lock
from typing import Protocol

import structlog

from service_chassis.schema_registry import RegisteredSchema, SchemaNotFoundError

REMEMBERED = 100
"""Ids that were resolved last; a check looks up the newest and any other of them."""

log = structlog.get_logger(__name__)


class Registry(Protocol):
    """Lookups that raise RegistryError, as `service_chassis.schema_registry.SchemaRegistry` has them."""

    def latest(self, subject: str) -> RegisteredSchema:
        """The latest version of a subject."""

    def by_id(self, schema_id: int) -> str:
        """The text of a schema."""


class RegistryCheck:
    """Knows what the registry had, and follows the schema that outputs carry the id of.

    Outputs carry an id that readers look up, so it must be one that the registry has: when it is gone, nothing is
    written until it is back, or until the subject has a version again that accepts the outputs, whose id they carry
    then.

    Args:
        registry: where to look.
        output: the schema that outputs carry the id of, as it was at the start.
        input_subject: the subject of the input's values.
        incompatibility: says why a schema does not accept the outputs, or None.
        carry: receives the id that outputs carry from now on, None while there is none.
    """

    def __init__(
        self,
        registry: Registry,
        *,
        output: RegisteredSchema,
        input_subject: str,
        incompatibility: Callable[[RegisteredSchema], str | None],
        carry: Callable[[int | None], None],
    ) -> None:
        self._registry = registry
        self._output = output
        self._input_subject = input_subject
        self._incompatibility = incompatibility
        self._carry = carry
        self._writable = True
        self._digests: OrderedDict[int, bytes] = OrderedDict()
        self._lock = Lock()

    def resolved(self, schema_id: int, text: str) -> None:
        """Remember that the registry has this id; from any thread."""
        digest = _digest(text)
        with self._lock:
            self._digests[schema_id] = digest
            if len(self._digests) > REMEMBERED:
                self._digests.popitem(last=False)

    def missing(self) -> str | None:
        """Look up what the registry must have, and say what of it is missing; None when it is whole.

        Raises:
            RegistryError: the registry is unavailable, or rejects the credentials.
        """
        problem = self._follow_output()
        if problem is not None:
            return problem
        for subject in (self._output.subject, self._input_subject):
            try:
                self._registry.latest(subject)
            except SchemaNotFoundError:
                return f"it has no subject {subject}"
        with self._lock:
            known = list(self._digests.items())
        for schema_id, digest in {*known[-1:], *random.sample(known, min(1, len(known)))}:
            if not self._has(schema_id, digest):
                return f"it does not have schema id {schema_id} as it had it before"
        return None

    def _follow_output(self) -> str | None:
        if self._has(self._output.id, _digest(self._output.schema)):
            if not self._writable:
                self._write(self._output)
            return None
        problem = f"it does not have schema id {self._output.id}, which outputs carry, as it had it before"
        try:
            latest = self._registry.latest(self._output.subject)
        except SchemaNotFoundError:
            latest = None
        if latest is not None and self._has(latest.id, _digest(latest.schema)):
            if (incompatibility := self._incompatibility(latest)) is None:
                self._write(latest)
                return None
            problem = f"{problem}; {incompatibility}"
        if self._writable:
            self._writable = False
            self._carry(None)
            log.error("output_schema_lost", subject=self._output.subject, id=self._output.id, reason=problem)
        return problem

    def _write(self, output: RegisteredSchema) -> None:
        log.warning(
            "output_schema_resolved_again",
            subject=output.subject,
            id=output.id,
            version=output.version,
            previous_id=self._output.id,
        )
        self._output, self._writable = output, True
        self._carry(output.id)

    def _has(self, schema_id: int, digest: bytes) -> bool:
        try:
            return _digest(self._registry.by_id(schema_id)) == digest
        except SchemaNotFoundError:
            return False


def _digest(text: str) -> bytes:
    """The same for two spellings of a document: an upgrade of a registry may write its schemas anew."""
    with suppress(ValueError, RecursionError):
        text = json.dumps(json.loads(text), sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
