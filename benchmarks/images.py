"""Sizes of the services' images, and the time that a container takes to listen on its management port.

Run it by itself (``python -m benchmarks.images``): it takes root, runc, and docker or buildah. Containers have the
rights of a pod, and no broker, so that only the start itself is measured; a container that ends at once shows runc's
own share.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from heartzone_images.services import SERVICES
from heartzone_testing.images.building import build
from heartzone_testing.images.containers import Unpacked
from heartzone_testing.ports import free_port
from heartzone_testing.services.service_process import ServiceProcess

RUNS = 10
KUBECONFIG = """\
{apiVersion: v1, kind: Config, current-context: nowhere,
 clusters: [{name: nowhere, cluster: {server: "http://127.0.0.1:1"}}],
 contexts: [{name: nowhere, context: {cluster: nowhere, user: nobody}}], users: [{name: nobody, user: {token: none}}]}
"""


def main() -> None:
    """Print a line for each service."""
    print(f"{'image':12} {'MB':>5} {'own MB':>7} {'start s':>8} {'slowest':>8} {'CPU s':>6}   ({RUNS} starts)")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        unpacked = {service: Unpacked(build(service, print), folder / service) for service in SERVICES}
        kubernetes = folder / "kubernetes"
        kubernetes.mkdir(mode=0o755)
        (kubernetes / "config").write_text(KUBECONFIG)
        for service, image in unpacked.items():
            sizes = [size / 1e6 for _, size in image.image.layers()]
            starts, cpu = zip(*_starts(image, folder), strict=True)
            print(
                f"{service:12} {sum(sizes):5.0f} {sum(sizes[-2:]):7.1f}"
                f" {statistics.median(starts):8.2f} {max(starts):8.2f} {statistics.median(cpu):6.2f}"
            )
        bare = list(_bare_starts(unpacked["producer"], folder))
        print(f"{'runc alone':12} {'':5} {'':7} {statistics.median(bare):8.2f} {max(bare):8.2f}")


def _starts(image: Unpacked, folder: Path) -> Iterator[tuple[float, float]]:
    """Seconds until the port responds, and CPU seconds of the service until then."""
    for _ in range(RUNS):
        environment = {
            "HEARTZONE_HTTP_PORT": str(free_port()),
            "HEARTZONE_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
            "HEARTZONE_MANAGEMENT_PORT": "0",
            "HEARTZONE_SCHEMA_REGISTRY_URL": "http://127.0.0.1:1",
            "KUBECONFIG": "/kubernetes/config",
        }
        began = time.perf_counter()
        mounted = {"/kubernetes": folder / "kubernetes"}
        with image.running(folder / "runs", environment=environment, mounted=mounted) as process:
            running = ServiceProcess(process)
            while running.get("/livez").status != 200:
                assert process.poll() is None, process.tail()
                time.sleep(0.005)
            seconds = time.perf_counter() - began
            (service,) = psutil.Process(process.pid).children()
            spent = service.cpu_times()
            yield seconds, spent.user + spent.system


def _bare_starts(image: Unpacked, folder: Path) -> Iterator[float]:
    for _ in range(RUNS):
        began = time.perf_counter()
        with image.running(folder / "runs", entrypoint=["/bin/true"]) as process:
            process.wait(30)
            yield time.perf_counter() - began


if __name__ == "__main__":
    if os.geteuid() != 0:
        sys.exit("benchmarks.images takes root: containers are run by runc.")
    main()
