"""Raw results of benchmarks, with the machine that they were measured on: benchmarks/results/<name>.json."""

import json
import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import confluent_kafka
import psutil

from embedded_kafka.broker.distribution import KAFKA_LOCK
from embedded_kafka.distributions import read_lock

RESULTS = Path(__file__).with_name("results")


def keep(name: str, began: datetime, results: Mapping[str, Any]) -> None:
    """Write the results of a benchmark that began then, in place of those of an earlier run."""
    document = {
        "began": began.isoformat(timespec="seconds"),
        "ended": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        **results,
    }
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / f"{name}.json"
    file.write_text(json.dumps(document, indent=2) + "\n")
    print(f"raw results: {file}")


def machine() -> dict[str, Any]:
    """The machine and its load, the versions of what was measured."""
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "system": f"{platform.system()} {platform.release()}",
        "load_1_5_15_minutes": [round(each, 2) for each in os.getloadavg()],
        "python": platform.python_version(),
        "librdkafka": confluent_kafka.libversion()[0],
        "kafka": read_lock(KAFKA_LOCK).version,
    }


def processor() -> str:
    """The model of the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
