"""An operator that is killed at random moments reaches the same state as one that is not."""

import random
import threading
import uuid

from heartzone_testing.operators.bench import OperatorBench, kubectl_wait
from heartzone_testing.operators.event_topics import SCHEMA_1, event_topic

RESOURCES = 60
KILLS = 4


def test_killed_at_random_moments_it_creates_everything_once(bench: OperatorBench) -> None:
    seed = uuid.uuid4().int
    chance = random.Random(seed)
    prefix = f"Kill-{uuid.uuid4().hex[:8]}"
    topics = [f"{prefix}-{number}" for number in range(RESOURCES)]
    manifests = [event_topic(topic, config={"retention.ms": "1000"}, schema=SCHEMA_1) for topic in topics]
    pause = threading.Event()

    for number in range(KILLS):
        operator = bench.start()
        operator.wait_until_ready()
        bench.kubectl.apply(*manifests[number * RESOURCES // KILLS : (number + 1) * RESOURCES // KILLS])
        pause.wait(chance.uniform(0, 0.7))
        operator.process.kill()
    with bench.operator():
        kubectl_wait(bench.kubectl, timeout=60)

    statuses = {each["spec"]["topicName"]: each["status"] for each in bench.kubectl.get("et")["items"]}
    for topic in topics:
        assert bench.versions(topic) == [1], f"seed {seed}"
        found = bench.topic(topic)
        assert found is not None
        assert statuses[topic]["topicId"] == found.topic_id
        assert statuses[topic]["managedConfig"] == ["retention.ms"]
    again = {event["reason"] for event in bench.kubectl.get("events")["items"]}
    assert "TopicCreatedAgain" not in again, f"seed {seed}"
