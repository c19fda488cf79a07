"""`helm test`: sends one reading of a device that nobody else has, and waits until its zone is in Kafka.

Partitions are assigned, not subscribed to, so its Kafka user needs no consumer group: only Read of the topic of zones.
"""

import json
import os
import ssl
import sys
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from service_chassis.settings import KafkaSettings
from service_chassis.settings.environment import read_environment

TIMEOUT_S = float(os.environ["TIMEOUT_SECONDS"])
URL = f"{os.environ['PRODUCER_URL']}/biometrics"
TOPIC = os.environ["HEARTZONE_TOPIC_ZONES"]
API_KEY, API_CA = Path("/etc/heartzone/test/api-key"), Path("/etc/heartzone/test/ca.crt")
ZONE = 3  # 150 of 200 beats a minute


def main() -> int:
    """Exit code 0 when the zone came in time."""
    deadline = time.monotonic() + TIMEOUT_S
    device = str(uuid.uuid4())
    variables = read_environment(os.environ, prefix="HEARTZONE_")
    consumer = Consumer(
        {
            **KafkaSettings.from_variables(variables, prefix="HEARTZONE_KAFKA_").consumer(),
            "group.id": "unused",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
        }
    )
    try:
        consumer.assign(ends(consumer))
        send(device, deadline)
        zone = wait_for_zone(consumer, device, deadline)
    except KafkaException as error:
        return say(f"Topic {TOPIC}: {error.args[0].str()}.", 1)
    except OSError as error:
        return say(f"{error}.", 1)
    finally:
        consumer.close()
    if zone != ZONE:
        return say(f"The reading came out as zone {zone}; 150 of 200 beats a minute is zone {ZONE}.", 1)
    return say(f"The reading of device {device} was accepted at {URL}, and its zone {zone} is in {TOPIC}.", 0)


def ends(consumer: Consumer) -> list[TopicPartition]:
    """Where each partition of the topic ends now. Raises KafkaException."""
    topic = consumer.list_topics(TOPIC, timeout=10).topics[TOPIC]
    if topic.error is not None:
        raise KafkaException(topic.error)
    return [
        TopicPartition(TOPIC, number, consumer.get_watermark_offsets(TopicPartition(TOPIC, number), timeout=10)[1])
        for number in topic.partitions
    ]


def send(device: str, deadline: float) -> None:
    """Retry until the API accepts it, while it responds with 503. Raises OSError."""
    reading = {"dateTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "value": 150}
    body = json.dumps({"deviceId": device, "heartRates": [reading], "maxHeartRate": 200}).encode()
    request = urllib.request.Request(URL, body, {"Content-Type": "application/json", **credential()})
    context = ssl.create_default_context(cafile=API_CA if API_CA.exists() else None)
    while True:
        try:
            with urllib.request.urlopen(request, timeout=10, context=context):
                return
        except urllib.error.HTTPError as error:
            if error.code != 503 or time.monotonic() > deadline:
                raise OSError(f"{URL} responds with {error.code}: {error.read().decode(errors='replace')}") from error
        except OSError as error:
            if time.monotonic() > deadline:
                raise OSError(f"{URL} does not respond: {error}") from error
        time.sleep(1)


def credential() -> dict[str, str]:
    """The header with the API key, where there is one."""
    return {"X-API-Key": API_KEY.read_text().strip()} if API_KEY.exists() else {}


def wait_for_zone(consumer: Consumer, device: str, deadline: float) -> int:
    """The zone that came for the device. Raises KafkaException, TimeoutError."""
    while time.monotonic() < deadline:
        message = consumer.poll(1)
        if message is None:
            continue
        if message.error() is not None:
            # The client looks up its group's coordinator, although it does not need one.
            if message.error().code() == KafkaError.GROUP_AUTHORIZATION_FAILED:
                continue
            raise KafkaException(message.error())
        if message.key() != device.encode():
            continue
        # Five bytes name the schema; the rest is JSON.
        return json.loads(message.value()[5:])["Zone"]
    raise TimeoutError(f"The reading of device {device} was accepted, but in {TIMEOUT_S:g} s no zone came in {TOPIC}")


def say(sentence: str, code: int) -> int:
    """Print the sentence and return the exit code."""
    print(sentence)
    return code


if __name__ == "__main__":
    sys.exit(main())
