"""The processes behind pods, where these run on this machine, as they do on a node of the tests' own."""

from collections.abc import Iterator

import psutil


def processes_of(pod: str) -> Iterator[psutil.Process]:
    """The product's processes in a pod of this name; none when the cluster's nodes are other machines.

    A predecessor of the same name that has not ended yet is among them.
    """
    for process in psutil.process_iter():
        try:
            environment = process.environ()
        except psutil.Error:  # ended meanwhile, or one of the kernel's
            continue
        if environment.get("HOSTNAME") == pod and "HEARTZONE_KAFKA_BOOTSTRAP_SERVERS" in environment:
            yield process
