"""Signals at chosen moments of a service's start."""

from pathlib import Path

FOLDER = Path(__file__).parent
"""Goes on PYTHONPATH of the process that is to signal itself; `sitecustomize` says how."""

# From the first import after the handlers are there to the last moment before the service works.
MOMENTS = (
    "importlib.metadata",
    "pydantic",
    "pydantic_settings",
    "structlog",
    "prometheus_client",
    "argparse",
    "confluent_kafka",
    "socket.bind",
)
