"""Growth of the zone workers' throughput with their number: 1, 2 and 4 replicas, each held to a quarter of a core.

So the broker, which has the rest of the machine, is not the limit. The input is that of `benchmarks.worker_input`.
Prints messages a second, the ratio to as many times one replica (floor 0.9), and the processor time of a message in
full transactions; then that of a transaction of one message, which is mostly that of the transaction, and of an idle
replica. Takes root: the replicas are in control groups.
"""

import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
from benchmarks.worker_input import fill

from embedded_kafka import EmbeddedKafka, EmbeddedRegistry
from heartzone_testing.brokers.testbed import Testbed
from heartzone_testing.services.pipeline import Pipeline
from heartzone_testing.services.service_process import ServiceProcess
from heartzone_testing.waiting import eventually

REPLICAS = (1, 2, 4)
CORE_SHARE = 0.25
PARTITIONS = 8
MESSAGES_PER_REPLICA = 450_000
SECONDS = 15.0  # of each measurement
FLOOR = 0.9
PERIOD_US = 20_000
GROUPS = Path("/sys/fs/cgroup")
RECORDS = "heartzone_transaction_records_sum"
TRANSACTIONS = "heartzone_transaction_records_count"


@contextmanager
def held_to_a_share(process: int) -> Iterator[None]:
    """Let a process have this share of a core while the block lasts; cgroup v1 and v2."""
    v1 = (GROUPS / "cpu").is_dir()
    group = (GROUPS / "cpu" if v1 else GROUPS) / f"heartzone-{uuid.uuid4().hex[:8]}"
    group.mkdir()
    quota = int(PERIOD_US * CORE_SHARE)
    if v1:
        (group / "cpu.cfs_period_us").write_text(str(PERIOD_US))
        (group / "cpu.cfs_quota_us").write_text(str(quota))
    else:
        (group / "cpu.max").write_text(f"{quota} {PERIOD_US}")
    (group / "cgroup.procs").write_text(str(process))
    try:
        yield
    finally:
        (group.parent / "cgroup.procs").write_text(str(process))
        group.rmdir()


def measure(pipeline: Pipeline, replicas: int) -> tuple[float, float]:
    """Messages a second of all, and the microseconds of a core that one took."""
    bootstrap = pipeline.kafka.connection["bootstrap.servers"]
    fill(bootstrap, pipeline.biometrics, MESSAGES_PER_REPLICA * replicas, schema_id=pipeline.schema_id)
    with ExitStack() as stack:
        workers: list[ServiceProcess] = []
        for ordinal in range(replicas):
            worker = stack.enter_context(pipeline.worker(ordinal))
            stack.enter_context(held_to_a_share(worker.process.pid))
            workers.append(worker)
        eventually(lambda: all(each.metric(TRANSACTIONS) > 0 for each in workers), "all replicas at work", 180, every=1)
        before, began = totals(workers), time.monotonic()
        time.sleep(SECONDS)
        after, seconds = totals(workers), time.monotonic() - began
        assert all(each.metric("heartzone_ready") for each in workers)
        lag = sum(each.metric("heartzone_consumer_lag_records") for each in workers)
        assert lag > 0, "nothing was left: give more messages"
    records, _, processor = (b - a for a, b in zip(before, after, strict=True))
    return records / seconds, processor / records * 1e6


def measure_one_by_one(pipeline: Pipeline) -> tuple[float, float]:
    """Microseconds of a core that a transaction of one message took, and the share of it that an idle replica takes."""
    bootstrap = pipeline.kafka.connection["bootstrap.servers"]
    with pipeline.worker() as worker:
        worker.wait_until_ready()
        fill(bootstrap, pipeline.biometrics, 1, schema_id=pipeline.schema_id)
        eventually(lambda: worker.metric(RECORDS) == 1, "the first message", 60)
        start = totals([worker])
        time.sleep(SECONDS)
        idle = totals([worker])
        began = time.monotonic()
        while time.monotonic() - began < SECONDS:
            fill(bootstrap, pipeline.biometrics, 1, schema_id=pipeline.schema_id)
        end = totals([worker])
    share = (idle[2] - start[2]) / SECONDS
    busy = end[2] - idle[2] - share * (time.monotonic() - began)
    return busy / (end[1] - idle[1]) * 1e6, share


def totals(workers: list[ServiceProcess]) -> tuple[float, float, float]:
    """Records, transactions and seconds of processor of all."""
    times = [psutil.Process(each.process.pid).cpu_times() for each in workers]
    return (
        sum(each.metric(RECORDS) for each in workers),
        sum(each.metric(TRANSACTIONS) for each in workers),
        sum(each.user + each.system for each in times),
    )


def main() -> int:
    with (
        EmbeddedKafka() as kafka,
        EmbeddedRegistry() as registry,
        tempfile.TemporaryDirectory() as folder,
    ):
        testbed = Testbed(kafka.client_config())
        print(f"zone workers, each held to {CORE_SHARE:g} of a core")
        print(f"{'replicas':>10}{'messages/s':>12}{'of linear':>11}{'us/message':>12}", flush=True)
        measure(Pipeline(testbed, registry.client_config(), Path(folder), PARTITIONS), 1)  # the broker is compiled
        one, worst = 0.0, 1.0
        for replicas in REPLICAS:
            pipeline = Pipeline(testbed, registry.client_config(), Path(folder), PARTITIONS)
            rate, per_message = measure(pipeline, replicas)
            one = one or rate
            ratio = rate / one / replicas
            worst = min(worst, ratio)
            print(f"{replicas:>10}{rate:>12,.0f}{ratio:>11.2f}{per_message:>12.0f}", flush=True)
        alone, share = measure_one_by_one(Pipeline(testbed, registry.client_config(), Path(folder), PARTITIONS))
        print(f"a transaction of one message: {alone:,.0f} us; an idle replica: {share:.1%} of a core")
    return 0 if worst >= FLOOR else 1


if __name__ == "__main__":
    sys.exit(main())
