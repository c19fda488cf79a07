"""A campaign of the services: the web API, zone workers and a registry under traffic, and a fixed list of faults."""

import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka import KafkaException

from embedded_kafka import EmbeddedRegistry
from heartzone_testing.brokers.testbed import Testbed
from heartzone_testing.chaos.broker_faults import BrokerFaults
from heartzone_testing.chaos.brokers import Brokers
from heartzone_testing.chaos.faults import BrokerFault, ServiceFault
from heartzone_testing.chaos.observer import Observer
from heartzone_testing.chaos.result import Result
from heartzone_testing.chaos.steps import Steps, TooLateError, in_background, until
from heartzone_testing.chaos.worker import Settings
from heartzone_testing.ports import free_port
from heartzone_testing.services.pipeline import Pipeline
from heartzone_testing.services.service_process import STOP_TIMEOUT_S, ServiceProcess
from heartzone_testing.traffic.auditor import Auditor
from heartzone_testing.traffic.load import Traffic

CLIENTS = 8  # of which each has several devices: each worker has some of them
PARTITIONS = 6
WORKERS = 2
MORE = 20  # readings that have to be accepted after each fault
AUDITED_WITHIN = 300.0  # seconds


@dataclass(frozen=True, kw_only=True)
class ServicesPlan:
    """What one campaign consists of."""

    seed: int = 0
    """Of what has made the plan."""
    faults: tuple[BrokerFault | ServiceFault, ...]
    """One after the other."""
    protocol: str = "classic"
    """Of the group: classic or consumer (KIP-848)."""
    brokers: int = 3
    rate: float = 40.0
    """Of readings a second."""


class ServicesCampaign:
    """Runs a plan. A good record that becomes a dead letter is found at once: nothing waits for an unknown schema."""

    def __init__(self, plan: ServicesPlan, brokers: Brokers, folder: Path) -> None:
        self._plan = plan
        self._brokers = brokers
        self._folder = folder
        self._stack = ExitStack()
        self._happened: list[str] = []
        self._problems: list[str] = []

    def run(self) -> Result:
        """Run it."""
        started = time.monotonic()
        with self._stack:
            self._start()
            observing = threading.Thread(target=self._observer.run)
            observing.start()
            self._stack.callback(observing.join)
            self._stack.callback(self._observer.stop)
            with Traffic(f"http://127.0.0.1:{self._port}", clients=CLIENTS, rate=self._plan.rate) as traffic:
                self._traffic = traffic
                self._go_through(until(self._all_work, "all to work"))
                for fault in self._plan.faults:
                    if self._problems:
                        break
                    self._go_through(self._happen(fault))
                    self._happened.append(str(fault))
            findings = self._audit()
        counts = {"readings": len(traffic.accepted)}
        counts |= {each: self._happened.count(each) for each in self._happened}
        return Result(self._plan, findings, self._problems, counts, time.monotonic() - started)

    def _start(self) -> None:
        registry = EmbeddedRegistry(data_dir=self._folder / "registry", log_dir=self._folder)
        self._registry = self._stack.enter_context(registry)
        kafka = Testbed(self._brokers.connection, copies=self._plan.brokers)
        self._pipeline = Pipeline(kafka, registry.client_config(), self._folder, PARTITIONS)
        if self._plan.protocol == "consumer":
            del self._pipeline.environment["HEARTZONE_KAFKA_CONSUMER_SESSION_TIMEOUT_MS"]  # the brokers set it
            self._pipeline.environment["HEARTZONE_KAFKA_CONSUMER_GROUP_PROTOCOL"] = "consumer"
        self._pipeline.environment["HEARTZONE_SCHEMA_PATIENCE"] = "0"
        self._port = free_port()
        self._start_api()
        self._workers = [self._new_worker(number) for number in range(WORKERS)]
        for each in (self._api, *self._workers):
            each.wait_until_ready()
        pipeline = self._pipeline
        settings = Settings(
            connection={},
            source=pipeline.biometrics,
            target=pipeline.zones,
            dead_letters=pipeline.dead_letters,
            group_id=pipeline.group,
            transactional_id=f"{pipeline.group}-0",
        )
        self._observer = Observer(self._brokers.kafka, settings, PARTITIONS)
        self._of_brokers = BrokerFaults(
            self._brokers, settings.group_id, settings.transactional_id, lambda: self._observer.processed
        )

    def _start_api(self) -> None:
        self._api = self._stack.enter_context(self._pipeline.producer({"HEARTZONE_HTTP_PORT": str(self._port)}))

    def _new_worker(self, number: int) -> ServiceProcess:
        return self._stack.enter_context(self._pipeline.worker(number))

    def _go_through(self, steps: Steps) -> None:
        tick = threading.Event()
        try:
            for _ in steps:
                tick.wait(0.05)
        except (TooLateError, KafkaException, AssertionError) as failure:
            self._problems.append(str(failure))

    def _happen(self, fault: BrokerFault | ServiceFault) -> Steps:
        match fault:
            case ServiceFault.REGISTRY_FROZEN:
                self._registry.pause()
                try:
                    yield from self._restart_worker(0)
                    yield from self._of_brokers.progressed("the other worker, which knows the schemas, to go on")
                finally:
                    self._registry.resume()
            case ServiceFault.REGISTRY_EMPTY:
                yield from self._empty_registry()
            case ServiceFault.API_KILL:
                self._api.process.kill()
                self._start_api()
            case ServiceFault.API_STOP:
                yield from in_background(lambda: self._stop(self._api), "the web API to stop")
                self._start_api()
            case BrokerFault():
                yield from self._of_brokers.happen(fault)
        yield from until(self._all_work, f"{fault}: all to work")
        enough = len(self._traffic.accepted) + MORE
        yield from until(lambda: len(self._traffic.accepted) >= enough, f"{fault}: readings to be accepted after it")
        yield from self._of_brokers.progressed(f"{fault}: progress after it")

    def _empty_registry(self) -> Steps:
        port = self._registry.port
        self._registry.stop()
        empty = EmbeddedRegistry(port=port, log_dir=self._folder)
        try:
            yield from in_background(empty.start, "the empty registry")
            yield from self._restart_worker(1)
            yield from until(
                lambda: "is not registered yet" in self._workers[1].get("/readyz").text,
                "the worker to say what it misses",
            )
        finally:
            empty.stop()
        yield from in_background(self._registry.start, "the whole registry")

    def _restart_worker(self, number: int) -> Steps:
        """It knows no schema then."""
        self._workers[number].process.kill()
        self._workers[number] = worker = self._new_worker(number)
        yield from until(lambda: worker.management_port is not None, "a new worker")

    def _all_work(self) -> bool:
        """Also that each worker has processed something: it knows the schema then."""
        return all(each.get("/readyz").status == 200 for each in (self._api, *self._workers)) and all(
            each.metric("heartzone_readings_total") > 0 for each in self._workers
        )

    def _stop(self, service: ServiceProcess) -> None:
        code = service.process.terminate(STOP_TIMEOUT_S)
        if code != 0:
            self._problems.append(f"a service that was stopped ended with {code}:\n{service.process.tail()}")

    def _audit(self) -> list[str]:
        pipeline, kafka = self._pipeline, self._brokers.kafka
        auditor = Auditor(kafka.connection, group=pipeline.group, readings=pipeline.biometrics, zones=pipeline.zones)
        try:
            findings = auditor.discrepancies(self._traffic.accepted, timeout=AUDITED_WITHIN)
        except AssertionError as failure:
            self._problems.append(str(failure))
            findings = []
        for each in (self._api, *self._workers):
            self._stop(each)
        self._observer.stop()
        letters = kafka.read(pipeline.dead_letters)
        self._problems += [f"a dead letter of {dict(each.headers() or ())}" for each in letters]
        self._problems += [*self._observer.problems, *self._observer.differences(kafka.read(pipeline.zones))]
        return findings
