"""Failures of lookups, by what the caller can do.

RegistryError
├── SchemaNotFoundError        the registry has no such subject, version or id
├── RegistryUnauthorizedError  the credentials are missing, wrong or not enough (401, 403)
└── RegistryUnavailableError   no response, or none that a working registry gives; a retry may help
"""


class RegistryError(Exception):
    """A lookup failed; the text says what was looked up and what the registry said."""


class SchemaNotFoundError(RegistryError):
    """The registry does not have it. Ids replicate late: it may have it in a moment."""


class RegistryUnavailableError(RegistryError):
    """The registry did not respond, or responded as only a broken one does."""


class RegistryUnauthorizedError(RegistryError):
    """The registry rejected the credentials."""
