"""The training run of the registry's AOT cache: it starts, responds, and stops."""

from pathlib import Path

from embedded_kafka.errors import StartError
from embedded_kafka.jvm.program import JavaProgram
from embedded_kafka.jvm.properties_format import render
from embedded_kafka.processes import ChildProcess
from embedded_kafka.processes.ports import LOOPBACK, choose_free
from embedded_kafka.processes.readiness import NotReadyError, await_ready
from embedded_kafka.registry.probe import RegistryProbe
from embedded_kafka.registry.properties import registry_properties

TIMEOUT_S = 120.0
STOP_GRACE_S = 60.0  # what was loaded is written down at the end
HEAP_MB = 160
NONCE = "training"


def train(program: JavaProgram, directory: Path) -> None:
    """Run `program` in an empty directory. Raises StartError."""
    port, management_port = choose_free(2)
    config = directory / "registry.properties"
    config.write_text(render(registry_properties(port, management_port, nonce=NONCE, basic_auth=None)))
    properties = (("smallrye.config.locations", config.as_uri()),)
    command = program.command(heap_mb=HEAP_MB, profile="startup", system_properties=properties)
    process = ChildProcess.start(command, log_file=directory / "registry.log", cwd=directory)
    probe = RegistryProbe(f"http://{LOOPBACK}:{port}/apis/ccompat/v7", basic_auth=None, certificates=None)
    try:
        await_ready(lambda: probe.sees(NONCE), process.poll, TIMEOUT_S)
        process.terminate(STOP_GRACE_S)
    except NotReadyError:
        raise StartError(f"the training run of the registry failed:\n{process.log()}") from None
    finally:
        process.kill()
