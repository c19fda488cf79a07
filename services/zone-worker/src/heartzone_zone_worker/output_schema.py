"""Whether the registered schema of the output accepts what this worker writes."""

import json

import jsonschema_rs

from heartzone.messages import INT32_MAX, HeartRateZoneReached, encode
from heartzone.registry import RegisteredSchema
from heartzone.zones import Zone


class OutputRefused(Exception):
    """The registered schema would reject messages of this worker; the text says which and why."""


# One message for each zone, at both ends of what a heart rate can be, with a date-time as .NET writes it.
SAMPLES = [
    HeartRateZoneReached("3fa85f64-5717-4562-b3fc-2c963f66afa6", int(zone), date_time, heart_rate, maximum)
    for zone in Zone
    if zone is not Zone.NONE
    for date_time in ("2022-12-02T13:50:00Z", "2022-12-02T13:50:00.1234567+01:00")
    for heart_rate, maximum in ((1, 1), (INT32_MAX, INT32_MAX))
]


def check_output_schema(registered: RegisteredSchema) -> None:
    """Return quietly when the schema accepts every kind of message that the worker writes.

    Raises:
        OutputRefused: it does not, or it is not a schema.
    """
    try:
        validator = jsonschema_rs.validator_for(json.loads(registered.schema), validate_formats=True)
    except ValueError as error:
        raise OutputRefused(
            f"{registered.subject} version {registered.version} is not a JSON Schema: {error}"
        ) from error
    for sample in SAMPLES:
        message = encode(sample)
        problem = next(validator.iter_errors(json.loads(message)), None)
        if problem is not None:
            raise OutputRefused(
                f"{registered.subject} version {registered.version} refuses {message.decode()}: {problem.message}"
            )
