"""The reasons for which requests are rejected: ``reason`` of ``heartzone_requests_rejected_total``."""

from enum import StrEnum


class RejectionReason(StrEnum):
    """Each with its meaning and what to do about it; the values are what dashboards and alerts know."""

    MALFORMED = "malformed"
    """400: body, query or HTTP itself cannot be read. The client has to be corrected."""

    NOT_FOUND = "not_found"
    """404: no such path. The client has to be corrected."""

    METHOD_NOT_ALLOWED = "method_not_allowed"
    """405: the path has other methods. The client has to be corrected."""

    TOO_LARGE = "too_large"
    """413: above ``HEARTZONE_HTTP_BODY_LIMIT``, or above what a record may have. Send fewer readings, or raise both."""

    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    """415: another content type, charset or content encoding. The client has to be corrected."""

    INVALID_MESSAGE = "invalid_message"
    """422: JSON that is not a valid message. The client has to be corrected; its response says where."""

    TOO_MANY_REQUESTS = "too_many_requests"
    """429: ``HEARTZONE_HTTP_MAX_REQUESTS`` are being handled. Add replicas; a slow broker makes requests pile up."""

    INTERNAL_ERROR = "internal_error"
    """500: a fault of the service; its log has the traceback. Please report it."""

    BROKER_UNAVAILABLE = "broker_away"
    """503: records cannot be written. ``/readyz`` and the log say why; it goes on by itself."""

    REGISTRY_UNAVAILABLE = "registry_away"
    """503: the schema of messages is not known yet. ``/readyz`` and the log say why; it goes on by itself."""

    QUEUE_FULL = "queue_full"
    """503: records arrive faster than the brokers take them. Add replicas or partitions, or look after the brokers."""

    CLIENT_DISCONNECTED = "client_disconnected"
    """No response: the client closed the connection before its request was complete."""
