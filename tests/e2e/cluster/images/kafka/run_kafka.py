"""Formats the storage of a Kafka node where it is not yet, then becomes that node.

    run_kafka.py [ARGUMENT OF `StorageTool format`]…      such as --cluster-id ID --add-scram 'SCRAM-SHA-512=[…]'

KAFKA_PROPERTIES names the node's configuration; default: /etc/kafka/server.properties.
"""

import os
import subprocess
import sys

JAVA = "/opt/java/bin/java"
CLASSPATH = "/opt/kafka/*"


def main() -> None:
    """End with the exit code of a formatting that failed; else this process is Kafka from then on."""
    properties = os.environ.get("KAFKA_PROPERTIES", "/etc/kafka/server.properties")
    tool = [JAVA, "-cp", CLASSPATH, "kafka.tools.StorageTool", "format", "--ignore-formatted", "--config", properties]
    formatting = subprocess.run([*tool, *sys.argv[1:]], check=False)
    if formatting.returncode != 0:
        sys.exit(formatting.returncode)
    os.execv(JAVA, [JAVA, "-cp", CLASSPATH, "kafka.Kafka", properties])


if __name__ == "__main__":
    main()
