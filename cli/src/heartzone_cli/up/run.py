"""The composition root of `up`: what is started in which order, and how each way to end is told."""

import contextlib
import logging
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from embedded_kafka import EmbeddedKafka, EmbeddedKafkaError, EmbeddedRegistry
from embedded_kafka.errors import DamagedDataDirError, PortInUseError, StartError
from embedded_kafka.jvm.runtime import java_executable
from event_topics.apply import apply_event_topics
from event_topics.loading import LoadError, load_event_topics
from event_topics.state import DesiredTopic
from heartzone_cli import endpoints
from heartzone_cli.endpoints import Endpoints, Metrics
from heartzone_cli.up.data_dir import DataDir, hold, refuse_held
from heartzone_cli.up.display import Downloads, fresh_command, own_command, summary
from heartzone_cli.up.output import Output
from heartzone_cli.up.parts import KafkaPart, Part, RegistryPart, ServicePart
from heartzone_cli.up.ports import LOOPBACK, Ports, refuse_taken
from heartzone_cli.up.refusal import CannotStart, PartFailed, StopAsked
from heartzone_cli.up.services import producer, refuse_unusable, zone_workers
from heartzone_cli.up.stack import Stack
from heartzone_cli.up.stop_requests import StopRequests

STOPPED = 0
FAILED = 1
REFUSED = 2

# Seconds after the request by which each has ended or is killed; all of it is below ten. In order they take one or two,
# a worker that was joining its group five: librdkafka leaves it only after that (LeaveGroup waits behind JoinGroup).
PRODUCER_BY, WORKERS_BY, REGISTRY_BY, KAFKA_BY = 4.0, 7.5, 8.4, 9.4

# The workers come within a second: one wait for all of them is shorter than a rebalance for each that comes later.
BROKER = {"group.initial.rebalance.delay.ms": "750"}

# What librdkafka has to say about a connection that breaks is of no use beside what became of the part.
_unheard = logging.getLogger("heartzone_cli.up.librdkafka")
_unheard.addHandler(logging.NullHandler())
_unheard.propagate = False


@dataclass(frozen=True)
class Options:
    """What the command line asks for; `topics` is a folder or file of EventTopics, `began` when (monotonic, s)."""

    data_dir: Path
    fresh: bool
    ports: Ports
    topics: Path
    began: float

    @property
    def age(self) -> float:
        """How long ago the command began, in seconds."""
        return round(time.monotonic() - self.began, 1)


def run(options: Options, requests: StopRequests, output: Output) -> int:
    """Run the stack until asked to stop; returns the exit code."""
    try:
        # All that can be known before is looked at before anything is written, deleted or started.
        java_executable()
        desired = load_event_topics([options.topics]).desired()
        unused = refuse_unusable(options.ports, os.environ)
        refuse_held(options.data_dir)  # before the ports, which the other `up` has taken
        refuse_taken(options.ports)
        with hold(options.data_dir, fresh=options.fresh) as data_dir:
            if unused:
                output.event("unused", f"Not used by `up`: {', '.join(unused)}", variables=unused)
            return _hold_up(options, desired, data_dir, requests, output)
    except (CannotStart, LoadError, EmbeddedKafkaError) as error:
        output.error(_sentence(error, options))
        return REFUSED


def _hold_up(
    options: Options, desired: Sequence[DesiredTopic], data_dir: DataDir, requests: StopRequests, output: Output
) -> int:
    ports = options.ports

    def tell_ready(name: str) -> None:
        age = options.age
        output.event("ready", f"{name} is ready ({age} s)", part=name, seconds=age)

    stack = Stack(requests, on_ready=tell_ready)
    downloads = Downloads(output, lambda: requests.asked or stack.stopping)
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
    kafka_part, registry_part = KafkaPart(kafka), RegistryPart(registry)
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
        # They wait by themselves for what is not there yet, and their imports take longer than the topics.
        stack.launch([api, *workers])
        stack.call(lambda: _make_group_coordinator(kafka.client_config()))
        count, changed = stack.call(lambda: _apply(desired, kafka, registry, options.data_dir))
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
            f"heartzone is up ({age} s); Ctrl-C stops it, and the data stay.",
            *summary(running, data_dir=options.data_dir, logs=data_dir.logs, command=own_command()),
            seconds=age,
            endpoints=endpoints.document(running),
        )

    code = FAILED
    try:
        start()
        stack.watch()
    except StopAsked:
        code = STOPPED
        output.event("stopping", "Stopping")
    except PartFailed as error:
        output.error(f"{error}\nStopping the rest; all logs are in {data_dir.logs}")
    except StartError as error:
        output.error(_sentence(error, options))
    except OSError as error:  # the disk is full, say
        output.error(f"{error.filename or data_dir.path} cannot be used: {error.strerror}.")
    except (CannotStart, EmbeddedKafkaError) as error:
        code = REFUSED
        output.error(_sentence(error, options))
    finally:
        endpoints.remove(data_dir.path)
        order: Sequence[tuple[Sequence[Part], float]] = [
            ([api], PRODUCER_BY),
            (workers, WORKERS_BY),
            ([registry_part], REGISTRY_BY),
            ([kafka_part], KAFKA_BY),
        ]
        all_ended = stack.stop(order)
    if code == STOPPED:
        output.event("stopped", "Stopped")
    if not all_ended:
        # A thread waits for a network or for another process, and Python would wait for it without end.
        os._exit(code)
    return code


def _apply(
    desired: Sequence[DesiredTopic], kafka: EmbeddedKafka, registry: EmbeddedRegistry, data_dir: Path
) -> tuple[int, int]:
    """Make topics and subjects what is asked for; how many topics, and how many of them changed. Raises CannotStart."""
    report = apply_event_topics(desired, kafka_config=kafka.client_config(), registry_config=registry.client_config())
    if report.failures:
        first = report.failures[0]
        reason = "" if first.failure is None else first.failure.message
        more = f" ({len(report.failures) - 1} more are like it)" if len(report.failures) > 1 else ""
        raise CannotStart(
            f"Topic {first.step.topic} cannot be made what its definition asks for: {reason}{more} "
            f"Change the definition, or start with empty data: `{fresh_command(data_dir)}`."
        )
    return len(report.resources), sum(status == "applied" for status in report.by_resource.values())


def _make_group_coordinator(kafka: dict[str, str]) -> None:
    """Have a new broker create its topic of groups before the workers ask for it.

    They would be put off for different times, come to the group one after the other, and rebalance for seconds.
    """
    properties: dict[str, Any] = {**kafka, "logger": _unheard}
    admin = AdminClient(properties)
    (group,) = admin.describe_consumer_groups(["zone-worker"], request_timeout=5).values()
    with contextlib.suppress(KafkaException):  # they start without it, only later
        group.result()


def _sentence(error: Exception, options: Options) -> str:
    sentence = str(error)
    if isinstance(error, PortInUseError) and (flag := options.ports.flag_of(error.port)):
        sentence = f"Port {error.port} is taken by another program; choose another with {flag}."
    elif isinstance(error, DamagedDataDirError):
        sentence = f"{sentence} `{fresh_command(options.data_dir)}` starts with empty data instead."
    return sentence[:1].upper() + sentence[1:]


def _url(port: int) -> str:
    return f"http://{LOOPBACK}:{port}"
