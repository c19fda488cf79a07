"""Readings that are sent once while brokers are killed: how many become two records, are lost, or get a 503.

Three brokers, three copies of each partition, two of which must be in sync. One broker after the other is killed and
started again, while single requests arrive at a fixed rate and a worker turns them into zone events. At the end both
topics are read and every copy counted.
"""

import argparse
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import msgspec
from confluent_kafka import Message

from embedded_kafka import EmbeddedKafka, EmbeddedRegistry
from heartzone.messages import Biometrics
from heartzone.wire import unframe
from heartzone_testing.brokers.testbed import Testbed
from heartzone_testing.services.pipeline import Pipeline
from heartzone_testing.traffic.audit import copies
from heartzone_testing.traffic.auditor import Auditor
from heartzone_testing.traffic.readings import Reading
from heartzone_testing.traffic.single_sends import SingleSends

FAULTS = ("kill", "stop", "freeze")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=80.0, help="of traffic")
    parser.add_argument("--rate", type=float, default=150.0, help="readings a second")
    parser.add_argument("--every", type=float, default=8.0, help="seconds from one fault to the next")
    parser.add_argument("--fault", choices=FAULTS, default="kill", help="SIGKILL, a clean stop, or SIGSTOP for a while")
    parser.add_argument("--wait", type=float, default=30.0, help="seconds of the API for an acknowledgement")
    parser.add_argument("--partitions", type=int, default=6)
    arguments = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        kafka = stack.enter_context(EmbeddedKafka(nodes=3, jvm="startup", log_dir=folder))
        registry = stack.enter_context(EmbeddedRegistry(log_dir=folder))
        pipeline = Pipeline(Testbed(kafka.client_config()), registry.client_config(), folder, arguments.partitions)
        api = stack.enter_context(pipeline.producer({"HEARTZONE_HTTP_ACKNOWLEDGEMENT_TIMEOUT": str(arguments.wait)}))
        api.wait_until_ready()
        stack.enter_context(pipeline.worker())
        with SingleSends(f"http://127.0.0.1:{api.http_port}", rate=arguments.rate) as sends:
            faults = harm(kafka, arguments)
        events = [*api.events("producer_replaced"), *api.events("check_failed")]
        reasons = Counter(f"{event['event']}: {event['reason']}" for event in events)
        auditor = Auditor(
            kafka.client_config(), group=pipeline.group, readings=pipeline.biometrics, zones=pipeline.zones
        )
        findings = auditor.single_send_discrepancies(sends, timeout=300)
        return report(sends, pipeline.kafka.read(pipeline.biometrics), faults, reasons, findings)


def harm(kafka: EmbeddedKafka, arguments: argparse.Namespace) -> int:
    """One fault after the other for as long as the traffic lasts; returns how many there were.

    The next one comes when all brokers serve again, so that two always do.
    """
    tick, started, faults = threading.Event(), time.monotonic(), 0
    tick.wait(arguments.every / 2)
    while time.monotonic() - started < arguments.seconds - arguments.every / 2:
        node = kafka.nodes[faults % len(kafka.nodes)]
        next_at = time.monotonic() + arguments.every
        faults += 1
        match arguments.fault:
            case "kill":
                node.kill()
                node.start()
            case "stop":
                node.restart()
            case "freeze":
                node.pause()
                tick.wait(arguments.every / 2)
                node.resume()
        tick.wait(max(0.0, next_at - time.monotonic()))
    tick.wait(max(0.0, started + arguments.seconds - time.monotonic()))
    return faults


def report(
    sends: SingleSends, stored: Sequence[Message], faults: int, reasons: Mapping[str, int], findings: Sequence[str]
) -> int:
    accepted, counts = set(sends.accepted), copies_of(stored)
    doubled = {reading for reading, count in counts.items() if count > 1}
    lost = accepted - counts.keys()
    statuses, seconds = sends.statuses, sorted(sends.seconds)
    total = len(sends.sent)
    unaccepted_stored = len(counts.keys() - accepted)
    print(f"{total} readings sent once, {faults} faults; statuses {dict(statuses)}")
    print(f"stored twice: {len(doubled)}, of them with 202: {len(doubled & accepted)}")
    print(f"with 202 and lost: {len(lost)}; without 202 and stored: {unaccepted_stored}")
    print(f"without 202: {(total - len(accepted)) / total:.1%}")
    print("seconds to the response: " + ", ".join(f"p{p:g} {_at(seconds, p):.2f}" for p in (50, 90, 99, 100)))
    for reason, count in reasons.items():
        print(f"{count} times {reason}")
    wrong = [finding for finding in findings if "in the output" in finding]
    print(f"zone events missing or doubled: {len(wrong)}", *wrong[:5], sep="\n  ")
    return 1 if lost or wrong else 0


def copies_of(stored: Sequence[Message]) -> Mapping[Reading, int]:
    decoder = msgspec.json.Decoder(Biometrics)
    return copies({0: [decoder.decode(unframe(record.value())[1]) for record in stored]})


def _at(ordered: Sequence[float], percent: float) -> float:
    return ordered[min(int(percent / 100 * len(ordered)), len(ordered) - 1)]


if __name__ == "__main__":
    sys.exit(main())
