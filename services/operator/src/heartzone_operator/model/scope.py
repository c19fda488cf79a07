"""The namespaces that an operator serves, of which each fails alone, but for what rivals serve there."""

from collections.abc import Sequence

from heartzone_operator.model.rivals import Rivals


class Scope:
    """`namespaces` None is all of them, as one. Read from other threads."""

    def __init__(self, namespaces: Sequence[str | None]) -> None:
        self.namespaces = tuple(namespaces)
        self._unlisted: dict[str | None, str] = {}
        self.rivals = Rivals()

    def rejected(self, namespace: str | None, reason: str) -> bool:
        """Record that the API server does not let the resources of a namespace be listed; return whether it is news."""
        is_new = namespace not in self._unlisted
        self._unlisted[namespace] = reason
        return is_new

    def listed(self, namespace: str | None) -> bool:
        """Record that the resources of a namespace are known; return whether they were not before."""
        return self._unlisted.pop(namespace, None) is not None

    def problem_of(self, namespace: str) -> str | None:
        """Return why the resources of a namespace cannot be listed; None when they can."""
        return self._unlisted.get(namespace, self._unlisted.get(None))
