"""Strimzi's own judgement of custom resources: they are parsed by the classes that its operators parse them with."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from embedded_kafka.distributions import ensure, read_lock

JUDGE = Path(__file__).with_name("judge.py")
LOCK = Path(__file__).with_name("strimzi-api.lock.toml")
"""The model classes, and what parsing takes of their dependencies."""


def complaints(resources: Sequence[Mapping[str, Any]]) -> list[str]:
    """What Strimzi's classes do not know or do not take, one sentence each; empty when all is well.

    In a process of its own: a JVM inside of pytest would fight with it over signals.
    """
    lock = read_lock(LOCK)
    home = ensure(lock)
    classpath = os.pathsep.join(str(home / artifact.filename) for artifact in lock.artifacts)
    done = subprocess.run(
        [sys.executable, JUDGE, classpath],
        input=json.dumps(list(resources)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: list[str] = json.loads(done.stdout)
    return found
