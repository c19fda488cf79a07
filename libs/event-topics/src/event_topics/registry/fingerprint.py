"""Fingerprint of a registry's subjects, which shows a change for the price of one request."""

import hashlib
import json
from typing import NamedTuple

from event_topics.registry.client import RegistryClient, RegistryRequestError


class Fingerprint(NamedTuple):
    """Differs from a former one once any subject comes or goes and, if `shows_versions`, gains or loses a version."""

    digest: str
    shows_versions: bool


def take_fingerprint(client: RegistryClient) -> Fingerprint:
    """Return the fingerprint; it shows versions where the registry serves GET /schemas. Raises RegistryRequestError.

    It does not depend on compatibility levels: the Confluent API returns those of one subject a request. Nor does it
    show which subject has changed: Apicurio lists schemas without the names of their subjects.
    """
    try:
        listed: list[dict[str, object]] | list[str] = client.listing("schemas", dict)
        shows_versions = True
    except RegistryRequestError as error:
        if error.failure.transient:
            raise
        listed, shows_versions = sorted(client.listing("subjects", str)), False
    return Fingerprint(hashlib.sha256(json.dumps(listed, sort_keys=True).encode()).hexdigest(), shows_versions)
