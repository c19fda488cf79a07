"""Check of the schema ids of zone events: they are those of their subject, as the registry has it."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from heartzone.messages import HeartRateZoneReached
from heartzone.wire import subject_of
from heartzone_cli.audit.events import SchemaCheck
from heartzone_cli.cluster.connection import find_up, read_registry
from heartzone_cli.errors import CannotRunError
from service_chassis.schema_registry import SchemaNotFoundError, SchemaRegistry
from service_chassis.schema_registry.errors import RegistryError


@contextmanager
def open_check(data_dir: Path | None, topic: str, notify: Callable[[str], None]) -> Iterator[tuple[SchemaCheck, bool]]:
    """Return what says what is wrong with a schema id, and whether it can; `notify` is told why not."""
    with ExitStack() as opened:
        try:
            registry = opened.enter_context(SchemaRegistry(read_registry(find_up(data_dir))))
            latest = registry.latest(subject_of(topic))
        except (CannotRunError, RegistryError, ValueError, OSError) as error:
            notify(f"Schema ids are not checked: {error}")
            yield (lambda _: None), False
            return
        yield _check_of(registry, latest.id, notify), True


def _check_of(registry: SchemaRegistry, latest: int, notify: Callable[[str], None]) -> SchemaCheck:
    def problem(schema_id: int) -> str | None:
        if schema_id == latest:
            return None
        try:
            schema = json.loads(registry.by_id(schema_id))
        except SchemaNotFoundError:
            return f"the registry does not know the schema id {schema_id}"
        except ValueError:
            return f"schema id {schema_id} is no JSON Schema"
        except RegistryError as error:
            notify(f"Schema id {schema_id} was not checked: {error}")
            return None
        if not _describes_events(schema):
            return f"schema id {schema_id} is that of another message"
        return None

    return problem


def _describes_events(schema: Any) -> bool:
    properties = schema.get("properties") if isinstance(schema, dict) else None
    return isinstance(properties, dict) and set(HeartRateZoneReached.__struct_encode_fields__) <= properties.keys()
