"""The composition root of `up`: the parts, the order of their start, and the message and exit code of each end."""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from embedded_kafka import EmbeddedKafka, EmbeddedKafkaError, EmbeddedRegistry
from embedded_kafka.errors import DamagedDataDirError, PortInUseError, StartError
from embedded_kafka.jvm.runtime import java_executable
from event_topics import DesiredTopic, LoadError, load_event_topics
from heartzone_cli.cluster import endpoints
from heartzone_cli.cluster.endpoints import Endpoints, Metrics
from heartzone_cli.errors import CannotRunError
from heartzone_cli.up.data_dir import DataDir, check_unlocked, locked
from heartzone_cli.up.display import Downloads, fresh_command, own_command, summary
from heartzone_cli.up.errors import PartFailedError, StopRequestedError
from heartzone_cli.up.output import Output
from heartzone_cli.up.parts import EmbeddedPart, Part, ServicePart
from heartzone_cli.up.ports import LOOPBACK, Ports, check_free
from heartzone_cli.up.provisioning import apply_definitions, create_group_coordinator
from heartzone_cli.up.services import check_settings, producer, zone_workers
from heartzone_cli.up.stack import Stack
from heartzone_cli.up.stop_requests import StopRequests

# Exit codes
STOPPED = 0
PART_FAILED = 1
CANNOT_RUN = CannotRunError.exit_code

# Seconds after the stop request by which each part has ended or is killed, all below ten. In order they take one or
# two, a worker that was joining its group five: librdkafka sends LeaveGroup only after JoinGroup.
PRODUCER_DEADLINE, WORKERS_DEADLINE, REGISTRY_DEADLINE, KAFKA_DEADLINE = 4.0, 7.5, 8.4, 9.4

# The workers join within a second: one delay for all of them is shorter than a rebalance for each that joins later.
BROKER = {"group.initial.rebalance.delay.ms": "750"}


@dataclass(frozen=True)
class Options:
    """The options; `topics` is a folder or file of EventTopics, `began` the monotonic time of the start in seconds."""

    data_dir: Path
    fresh: bool
    ports: Ports
    topics: Path
    began: float

    @property
    def age(self) -> float:
        """Seconds since the command began."""
        return round(time.monotonic() - self.began, 1)


def run(options: Options, requests: StopRequests, output: Output) -> int:
    """Run the stack until a stop is requested; return the exit code."""
    try:
        # Everything that can be checked is checked before anything is written, deleted or started.
        java_executable()
        desired = load_event_topics([options.topics]).desired()
        unused = check_settings(options.ports, os.environ)
        check_unlocked(options.data_dir)  # before the ports, which the other `up` uses
        check_free(options.ports)
        with locked(options.data_dir, fresh=options.fresh) as data_dir:
            if unused:
                output.event("unused", f"Not used by `up`: {', '.join(unused)}", variables=unused)
            return _run_stack(options, desired, data_dir, requests, output)
    except (CannotRunError, LoadError, EmbeddedKafkaError) as error:
        output.error(_sentence(error, options))
        return CANNOT_RUN


def _run_stack(
    options: Options, desired: Sequence[DesiredTopic], data_dir: DataDir, requests: StopRequests, output: Output
) -> int:
    ports = options.ports

    def report_ready(name: str) -> None:
        age = options.age
        output.event("ready", f"{name} is ready ({age} s)", part=name, seconds=age)

    stack = Stack(requests, on_ready=report_ready)
    downloads = Downloads(output, lambda: requests.stop_requested or stack.stopping)
    kafka = EmbeddedKafka(
        data_dir=data_dir.kafka,
        port=ports.kafka,
        broker_properties=BROKER,
        log_dir=data_dir.logs,
        progress=downloads,
    )
    registry = EmbeddedRegistry(
        data_dir=data_dir.registry, port=ports.registry, log_dir=data_dir.logs, progress=downloads
    )
    kafka_part, registry_part = EmbeddedPart("Kafka", kafka), EmbeddedPart("The schema registry", registry)
    api = ServicePart(producer(ports, registry.url), data_dir.logs)
    workers = [ServicePart(each, data_dir.logs) for each in zone_workers(ports, registry.url)]

    def start() -> None:
        output.event(
            "starting",
            f"Starting Kafka and the schema registry; data and logs are in {options.data_dir}",
            data_dir=str(data_dir.path),
            logs=str(data_dir.logs),
        )
        stack.launch([kafka_part, registry_part])
        stack.await_parts([kafka_part, registry_part])
        # They wait by themselves for missing topics, and their imports take longer than the topics.
        stack.launch([api, *workers])
        stack.call(lambda: create_group_coordinator(kafka.client_config()))
        count, changed = stack.call(lambda: apply_definitions(desired, kafka, registry, options.data_dir))
        output.event("topics", f"{count} topics, {changed} of them new or changed", count=count, changed=changed)
        stack.await_parts([api, *workers])
        running = Endpoints(
            api=_url(ports.api),
            kafka=kafka.bootstrap_servers,
            registry=registry.url,
            metrics=Metrics(_url(ports.producer_metrics), tuple(map(_url, ports.worker_metrics))),
        )
        endpoints.write(data_dir.path, running)
        age = options.age
        output.event(
            "up",
            f"heartzone is up ({age} s); Ctrl-C stops it, and the data are kept.",
            *summary(running, data_dir=options.data_dir, logs=data_dir.logs, command=own_command()),
            seconds=age,
            endpoints=endpoints.document(running),
        )

    code = PART_FAILED
    try:
        start()
        stack.watch()
    except StopRequestedError:
        code = STOPPED
        output.event("stopping", "Stopping")
    except PartFailedError as error:
        output.error(f"{error}\nStopping the rest; all logs are in {data_dir.logs}")
    except StartError as error:
        output.error(_sentence(error, options))
    except OSError as error:  # the disk is full, say
        output.error(f"{error.filename or data_dir.path} cannot be used: {error.strerror}.")
    except (CannotRunError, EmbeddedKafkaError) as error:
        code = CANNOT_RUN
        output.error(_sentence(error, options))
    finally:
        endpoints.remove(data_dir.path)
        order: Sequence[tuple[Sequence[Part], float]] = [
            ([api], PRODUCER_DEADLINE),
            (workers, WORKERS_DEADLINE),
            ([registry_part], REGISTRY_DEADLINE),
            ([kafka_part], KAFKA_DEADLINE),
        ]
        all_ended = stack.stop(order)
    if code == STOPPED:
        output.event("stopped", "Stopped")
    if not all_ended:
        # A thread waits for a network or for another process, and Python would wait for that thread without end.
        os._exit(code)
    return code


def _sentence(error: Exception, options: Options) -> str:
    sentence = str(error)
    if isinstance(error, PortInUseError) and (flag := options.ports.flag_of(error.port)):
        sentence = f"Port {error.port} is taken by another program; choose another with {flag}."
    elif isinstance(error, DamagedDataDirError):
        sentence = f"{sentence} `{fresh_command(options.data_dir)}` starts with empty data instead."
    return sentence[:1].upper() + sentence[1:]


def _url(port: int) -> str:
    return f"http://{LOOPBACK}:{port}"
