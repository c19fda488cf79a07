"""The names of the variables that hold a service's settings."""

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

KAFKA = "KAFKA_"
SCHEMA_REGISTRY = "SCHEMA_REGISTRY_"
SECRETS_DIR = "SECRETS_DIR"

# Fields that hold a client library's properties, whose variables are named after these.
_PROPERTY_FIELDS = {"kafka", "schema_registry"}


def prefix_of(settings: type[BaseSettings]) -> str:
    """What the names of all variables begin with."""
    return settings.model_config["env_prefix"]


def variable(settings: type[BaseSettings], *path: str) -> str:
    """The variable of a field, or of a field of a group: ``variable(MySettings, "topic", "raw")`` is MY_TOPIC_RAW."""
    return f"{prefix_of(settings)}{'_'.join(path).upper()}"


def fields_by_variable(settings: type[BaseSettings]) -> dict[str, FieldInfo]:
    """Every variable that holds a field, in the order of the fields."""
    found: dict[str, FieldInfo] = {}
    for name, field in settings.model_fields.items():
        if name in _PROPERTY_FIELDS:
            continue
        if (group := _group(field)) is None:
            found[variable(settings, name)] = field
        else:
            found |= {variable(settings, name, inner): each for inner, each in group.model_fields.items()}
    return found


def group_prefixes(settings: type[BaseSettings]) -> tuple[str, ...]:
    """What the variables of each group begin with."""
    return tuple(
        f"{variable(settings, name)}_"
        for name, field in settings.model_fields.items()
        if name not in _PROPERTY_FIELDS and _group(field) is not None
    )


def _group(field: FieldInfo) -> type[BaseModel] | None:
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None
