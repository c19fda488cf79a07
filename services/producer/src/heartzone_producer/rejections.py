"""The reasons for which requests are rejected: ``reason`` of ``heartzone_requests_rejected_total``.

The values are what dashboards and alerts know; the tables of the README and of the runbook are generated from them.
"""

from typing import TypeAlias

from service_chassis.reasons import Reason


class RejectionReason(Reason):
    """Reasons that lie in the request, and sending the same one again would not help; one for each kind of problem."""

    MALFORMED = (
        "malformed",
        "Status 400: the body, the query or HTTP itself cannot be read.",
        "Correct the client: JSON in UTF-8, a percent-encoded query; `errors` says where it is not.",
    )
    NOT_FOUND = ("not_found", "Status 404: there is no such path.", "Correct the client; `/docs` lists the paths.")
    METHOD_NOT_ALLOWED = (
        "method_not_allowed",
        "Status 405: the path has other methods.",
        "Correct the client; `Allow` lists them.",
    )
    UNAUTHENTICATED = (
        "unauthenticated",
        "Status 401: there is no credential, or one that is not valid; the response says which.",
        "Give the client a valid one; docs/authentication.md says how.",
    )
    FORBIDDEN = (
        "forbidden",
        "Status 403: the device is not one that the sender may send for.",
        "Correct the client, or the devices of its API key or token.",
    )
    TOO_LARGE = (
        "too_large",
        "Status 413: the body is above `HEARTZONE_HTTP_BODY_LIMIT`, or the record above what its topic accepts.",
        "Let the client send fewer readings a request, or raise the limit.",
    )
    UNSUPPORTED_MEDIA_TYPE = (
        "unsupported_media_type",
        "Status 415: another content type, charset or content encoding.",
        "Correct the client: `application/json`, for batches also `application/x-ndjson`; UTF-8; plain, gzip or zstd.",
    )
    INVALID_MESSAGE = (
        "invalid_message",
        "Status 422: the body is JSON and not a valid message; the response says where.",
        "Correct the client; `errors` has the place, the value and what would be right.",
    )
    REQUEST_IN_PROGRESS = (
        "request_in_progress",
        "Status 409: a request with the same `Idempotency-Key` is being handled.",
        "Nothing: the client sends it again later. Let clients wait for longer than"
        " `HEARTZONE_HTTP_ACKNOWLEDGEMENT_TIMEOUT`.",
    )
    IDEMPOTENCY_KEY_REUSED = (
        "idempotency_key_reused",
        "Status 422: the `Idempotency-Key` was used for another request.",
        "Correct the client: a key belongs to one request, and to the same one when it is sent again.",
    )
    TOO_MANY_REQUESTS = (
        "too_many_requests",
        "Status 429: `HEARTZONE_HTTP_MAX_REQUESTS` are being handled, `HEARTZONE_HTTP_MAX_CONNECTIONS` are open with a"
        " request, or bodies of `HEARTZONE_HTTP_BODY_MEMORY` are being received.",
        "Add replicas; look at the brokers first, because slow acknowledgements make requests pile up.",
    )
    RATE_LIMITED = (
        "rate_limited",
        "Status 429: an address or a principal has sent more than `HEARTZONE_RATE_LIMIT_…` allows.",
        "Let the client send less, such as in batches, or raise the limit.",
    )
    HEAD_TOO_LARGE = (
        "head_too_large",
        "Status 431: the request line and header fields, or the trailer fields, are above 64 KiB or 100 fields.",
        "Correct the client; look for cookies or tokens that grow.",
    )
    UNSUPPORTED_TRANSFER_CODING = (
        "unsupported_transfer_coding",
        "Status 501: another `Transfer-Encoding` than chunked.",
        "Correct the client; compression belongs into `Content-Encoding`.",
    )
    INTERNAL_ERROR = (
        "internal_error",
        "Status 500: a fault of the service; its log has the traceback.",
        "Report it.",
    )
    CLIENT_DISCONNECTED = (
        "client_disconnected",
        "No response: the client closed the connection before its request was complete.",
        "Look at the clients' timeouts and at proxies in between.",
    )


class ServiceUnavailableReason(Reason):
    """Reasons of a 503: the same request may be accepted later."""

    BROKER_UNAVAILABLE = (
        "broker_away",
        "Brokers do not respond or acknowledge in time, a topic does not exist, or too few replicas are in sync; log"
        " event `check_failed` says which.",
        "Look at the brokers; `min.insync.replicas` of them must be up.",
    )
    REGISTRY_UNAVAILABLE = (
        "registry_away",
        "The schema of messages is not known since the start, because the registry does not respond or lacks the"
        " subject.",
        "Restore the registry; look at the EventTopic of `BiometricsImported` (`kubectl -n NAMESPACE get"
        " eventtopics`).",
    )
    ISSUER_UNAVAILABLE = (
        "issuer_unavailable",
        "Tokens cannot be checked: the keys of `HEARTZONE_AUTH_JWT_ISSUER` are not known; log event"
        " `issuer_keys_unavailable` says why.",
        "Look at the issuer, and at the network policy between it and the web API.",
    )
    QUEUE_FULL = (
        "queue_full",
        "Requests come faster than brokers acknowledge; for seconds after the death of one they acknowledge nothing.",
        "Add producers if the brokers have room, or brokers.",
    )


Rejection: TypeAlias = RejectionReason | ServiceUnavailableReason
"""Any reason for which a request is rejected."""
