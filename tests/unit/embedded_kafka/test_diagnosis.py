"""A failed start is reported with its root cause, and as damaged data when an error names a file of them."""

from pathlib import Path

import pytest

from embedded_kafka.errors import DamagedDataDirError, EmbeddedKafkaError, StartError
from embedded_kafka.jvm.diagnosis import start_failure

DATA = Path("/data/nodes/1")
TRACE = """\
2026-01-01T00:00:00.000+0000 [main] INFO kafka.Kafka$ - starting on /data/nodes/1
2026-01-01T00:00:00.000+0000 [main] ERROR kafka.Kafka$ - Exiting Kafka due to fatal exception
java.lang.RuntimeException: outer
\tat kafka.Kafka$.main(Kafka.scala:97)
Caused by: java.io.IOException: inner
\t... 12 more
2026-01-01T00:00:00.000+0000 [main] ERROR kafka.Kafka$ - a consequence
"""
QUARKUS = "2026-01-01 00:00:00 ERROR [io.quarkus.runtime.Application] (main) Failed to start application\n"


def failure(log: str, exit_code: int | None = 1) -> EmbeddedKafkaError:
    return start_failure("Kafka node 1", exit_code, log, data=DATA, timeout=60)


@pytest.mark.parametrize(
    ("log", "cause"),
    [
        pytest.param(TRACE, "java.io.IOException: inner", id="last cause of the first error"),
        pytest.param("", "it logged no error", id="nothing logged"),
        pytest.param("Error: Unable to access jarfile x.jar\n", "Error: Unable to access jarfile x.jar", id="JVM"),
        pytest.param(QUARKUS, "Failed to start application", id="Quarkus"),
        pytest.param(
            'Exception in thread "main" a.b.ConfigException: bad\n\tat x\n',
            'Exception in thread "main" a.b.ConfigException: bad',
            id="uncaught",
        ),
    ],
)
def test_the_root_cause_is_named(log: str, cause: str) -> None:
    error = failure(log)

    assert isinstance(error, StartError)
    assert str(error).startswith(f"Kafka node 1 ended while starting, exit code 1: {cause}; its last log lines:\n")


def test_an_error_that_names_a_file_of_the_data_is_damaged_data() -> None:
    error = failure(TRACE.replace("inner", "cannot read /data/nodes/1/quorum-state"))

    assert isinstance(error, DamagedDataDirError)
    assert str(error) == (
        "Kafka node 1 cannot use the data in /data/nodes/1, which were left as they are: "
        "java.io.IOException: cannot read /data/nodes/1/quorum-state"
    )


def test_no_response_in_time_comes_with_the_last_twenty_lines() -> None:
    error = failure("\n".join(f"line {i}" for i in range(100)), exit_code=None)

    assert str(error).splitlines() == [
        "Kafka node 1 did not respond within 60 s; its last log lines:",
        *(f"line {i}" for i in range(80, 100)),
    ]
