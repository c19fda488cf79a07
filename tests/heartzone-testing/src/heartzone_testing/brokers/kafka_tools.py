"""Kafka's own command-line tools, as people run them against a cluster."""

import subprocess

from embedded_kafka.broker.distribution import kafka_jars
from embedded_kafka.distributions import Lock, LockedArtifact, ensure
from embedded_kafka.jvm.command import java_command

# The one jar that a broker does without.
_SHA256 = "62f3c5dd7aa3442d4c5bc6a95f86e2502178ea09de8e27f74d9563bf955e253c"
_TOOLS = Lock("kafka-tools", (LockedArtifact("pkg:maven/org.apache.kafka/kafka-tools@4.3.1", _SHA256),))

TOPICS = "org.apache.kafka.tools.TopicCommand"
CONSUMER_GROUPS = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand"


def run_kafka_tool(main_class: str, bootstrap_servers: str, *arguments: str) -> str:
    """Run a tool against a cluster and return what it prints.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    jars = [*kafka_jars(), ensure(_TOOLS) / _TOOLS.artifacts[0].filename]
    command = java_command(
        ["-cp", ":".join(map(str, jars)), main_class, "--bootstrap-server", bootstrap_servers, *arguments],
        heap_mb=256,
        profile="startup",
    )
    return subprocess.run(command, check=True, capture_output=True, timeout=120, text=True).stdout
