"""A reading that is sent again, to whichever replica and whatever dies meanwhile, gives its zone event once."""

import http.client
import json
import random
import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import MappingProxyType

from heartzone.wire import IDEMPOTENCY_KEY_HEADER, unframe
from heartzone_testing.services.pipeline import Pipeline
from heartzone_testing.services.service_process import ServiceProcess
from heartzone_testing.waiting import eventually

MakePipeline = Callable[..., Pipeline]
DEVICE = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
RETRIED = {409, 503}
"""Statuses after which a client sends again."""


def message(device: str, heart_rate: int, number: int = 0) -> dict[str, object]:
    moment = f"2026-01-01T{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}Z"
    return {"deviceId": device, "heartRates": [{"dateTime": moment, "value": heart_rate}], "maxHeartRate": 200}


def post(
    api: ServiceProcess, path: str, content: object, key: str, more: Mapping[str, str] = MappingProxyType({})
) -> int | None:
    """The status; None when the connection ended first."""
    connection = http.client.HTTPConnection("127.0.0.1", api.http_port, timeout=60)
    headers = {"Content-Type": "application/json", "Idempotency-Key": key, **more}
    try:
        connection.request("POST", path, json.dumps(content), headers)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def events(pipeline: Pipeline) -> list[tuple[str, str]]:
    """Device and time of each zone event."""
    found = [json.loads(unframe(record.value())[1]) for record in pipeline.kafka.read(pipeline.zones)]
    return [(each["DeviceId"], each["DateTime"]) for each in found]


def headers(pipeline: Pipeline, topic: str) -> list[object]:
    found = [dict(record.headers() or ()).get(IDEMPOTENCY_KEY_HEADER) for record in pipeline.kafka.read(topic)]
    return sorted(found, key=str)


def test_the_key_travels_with_the_record_and_a_batch_s_with_each_position(make_pipeline: MakePipeline) -> None:
    pipeline = make_pipeline()
    with pipeline.producer() as api:
        api.wait_until_ready()
        assert post(api, "/biometrics", message(DEVICE, 150), "single") == 202
        assert post(api, "/biometrics/batch", [message(DEVICE, 150, n) for n in range(2)], '"batch"') == 202
        assert post(api, "/biometrics/raw", "anything", "raw") == 202

    assert headers(pipeline, pipeline.biometrics) == [b"batch/0", b"batch/1", b"single"]
    assert headers(pipeline, pipeline.topics["HEARTZONE_TOPIC_RAW"]) == [b"raw"]


def test_a_record_of_a_request_without_a_key_has_one_of_its_own(make_pipeline: MakePipeline) -> None:
    """By it a copy is recognised that the client of the brokers makes."""
    pipeline = make_pipeline()
    with pipeline.producer() as api:
        api.wait_until_ready()
        for _ in range(3):
            assert api.post(json.dumps(message(DEVICE, 150)).encode()).status == 202

    found = headers(pipeline, pipeline.biometrics)
    assert len(set(found)) == 3
    assert all(found)


def test_a_retry_at_another_replica_is_left_out_and_counted(make_pipeline: MakePipeline) -> None:
    pipeline = make_pipeline()
    other = "11111111-5717-4562-b3fc-2c963f66afa6"
    with pipeline.producer() as first, pipeline.producer() as second, pipeline.worker() as worker:
        for api in (first, second):
            api.wait_until_ready()
            assert post(api, "/biometrics", message(DEVICE, 150), "k") == 202
            assert post(api, "/biometrics", message(other, 150), "k") == 202
        eventually(lambda: worker.metric("heartzone_duplicates_total") == 2, "the duplicates")
        eventually(lambda: len(events(pipeline)) == 2, "the events")
        assert worker.metric("heartzone_readings_total") == 2

    assert Counter(device for device, _ in events(pipeline)) == {DEVICE: 1, other: 1}


def test_a_window_of_0_lets_every_record_through(make_pipeline: MakePipeline) -> None:
    pipeline = make_pipeline()
    off = {"HEARTZONE_DEDUPLICATION_WINDOW": "0"}
    with pipeline.producer(off) as api, pipeline.worker(settings=off):
        api.wait_until_ready()
        for _ in range(2):
            assert post(api, "/biometrics", message(DEVICE, 150), "k") == 202
        eventually(lambda: len(events(pipeline)) == 2, "an event for each")


def test_a_trace_goes_from_the_request_to_its_zone_events(make_pipeline: MakePipeline) -> None:
    pipeline = make_pipeline()
    parent, state = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "vendor=1"
    trace = {"traceparent": parent, "tracestate": state}
    with pipeline.producer() as api, pipeline.worker():
        api.wait_until_ready()
        assert post(api, "/biometrics", message(DEVICE, 150), "k", trace) == 202
        eventually(lambda: pipeline.kafka.read(pipeline.zones), "the event")

    [event] = pipeline.kafka.read(pipeline.zones)
    assert dict(event.headers() or ()) == {name: value.encode() for name, value in trace.items()}


@dataclass
class Storm:
    """Requests, each sent several times, at once and one after the other, until it has its 202."""

    replicas: Sequence[ServiceProcess]
    seed: int
    sent: set[tuple[str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self.devices = [str(uuid.UUID(int=number)) for number in range(6)]

    def requests(self, count: int) -> list[tuple[str, object, str]]:
        """Path, body and key of each."""
        made: list[tuple[str, object, str]] = []
        number = 0
        for _ in range(count):
            items = [message(self._random.choice(self.devices), 150, number + n) for n in range(3)]
            number += 3
            single = self._random.random() < 0.5
            made.append(
                ("/biometrics", items[0], str(uuid.uuid4()))
                if single
                else ("/biometrics/batch", items, str(uuid.uuid4()))
            )
            for each in items[:1] if single else items:
                self.sent.add((str(each["deviceId"]), each["heartRates"][0]["dateTime"]))  # type: ignore[index]
        return made

    def send(self, path: str, content: object, key: str, tries: Sequence[int]) -> None:
        """Send it to these replicas, and then to any until it is accepted."""
        statuses = [post(self.replicas[each], path, content, key) for each in tries]
        turn = 0
        while 202 not in statuses:
            status = statuses[-1]
            assert status is None or status in RETRIED, (status, key)
            turn += 1
            statuses.append(post(self.replicas[turn % len(self.replicas)], path, content, key))

    def rage(self, count: int) -> None:
        """All of them, eight clients at a time."""
        with ThreadPoolExecutor(8) as clients:
            sends = []
            for request in self.requests(count):
                # Some at the same moment, so that a replica handles the first while others come.
                for _ in range(self._random.choice([1, 1, 2])):
                    tries = [self._random.randrange(len(self.replicas)) for _ in range(self._random.choice([1, 2, 4]))]
                    sends.append(clients.submit(self.send, *request, tries))
            for each in sends:
                each.result()


def test_a_storm_of_retries_while_replicas_of_api_and_worker_are_killed_gives_each_key_once(
    make_pipeline: MakePipeline,
) -> None:
    seed = random.randrange(1_000_000)
    print(f"seed {seed}")  # noqa: T201 for the report of a failure
    pipeline = make_pipeline(partitions=3)
    with ExitStack() as stack:
        replicas = [stack.enter_context(pipeline.producer()) for _ in range(2)]
        for api in replicas:
            api.wait_until_ready()
        storm = Storm(replicas, seed)
        with ThreadPoolExecutor(1) as pool, ExitStack() as workers:
            raging = pool.submit(storm.rage, 150)
            ordinal = 0
            while not raging.done() or ordinal < 4:
                worker = workers.enter_context(pipeline.worker(ordinal % 2))
                worker.wait_until_ready()
                ordinal += 1
                if ordinal >= 2:
                    worker.process.kill()
                    replicas[ordinal % 2].process.kill()
                    successor = stack.enter_context(pipeline.producer())
                    successor.wait_until_ready()  # clients find the dead one until then
                    replicas[ordinal % 2] = successor
            raging.result()
            workers.enter_context(pipeline.worker(1))
            eventually(
                lambda: len(set(events(pipeline))) >= len(storm.sent), "an event for each reading", 120, every=0.5
            )
            stored = sum(1 for _ in pipeline.kafka.read(pipeline.biometrics))
            eventually(
                lambda: sum(pipeline.kafka.group_offsets(pipeline.group, pipeline.biometrics, 3).values()) >= stored,
                "all of the input",
                120,
            )

    assert stored > len(storm.sent), "nothing was stored twice: there was nothing to leave out"
    assert Counter(events(pipeline)) == Counter(storm.sent)
