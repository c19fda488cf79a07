"""Programs start with their AOT cache when it is whole, and without a word when it is not."""

import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from embedded_kafka.broker.distribution import kafka_program
from embedded_kafka.distributions import cache_dir
from embedded_kafka.jvm.command import aot_options
from embedded_kafka.jvm.program import JavaProgram

UUID_TOOL = ("kafka.tools.StorageTool", "random-uuid")
START = """
from embedded_kafka import EmbeddedKafka

with EmbeddedKafka(jvm="startup") as kafka:
    print(kafka.nodes[0].log())
"""


def output(program: JavaProgram) -> list[str]:
    """The lines that one of Kafka's programs prints: one, when the JVM adds nothing."""
    command = program.command(*UUID_TOOL, heap_mb=64, profile="startup")
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout.splitlines()


@pytest.fixture(scope="module")
def program() -> JavaProgram:
    return kafka_program()


@pytest.fixture
def cache(program: JavaProgram, tmp_path: Path) -> Path:
    """A copy of the AOT cache."""
    (original,) = (option.partition("=")[2] for option in program.options if option.startswith("-XX:AOTCache="))
    return Path(shutil.copy2(original, tmp_path))


def test_classes_come_from_the_cache(program: JavaProgram) -> None:
    lines = output(replace(program, options=(*program.options, "-Xlog:class+load")))

    assert [line for line in lines if line.endswith("org.apache.kafka.common.Uuid source: shared objects file")]


@pytest.mark.parametrize("damage", ["missing", "empty", "truncated", "no cache at all", "altered inside"])
def test_a_program_starts_without_a_word_when_its_cache_is_damaged(
    program: JavaProgram, cache: Path, damage: str
) -> None:
    size = cache.stat().st_size
    if damage == "missing":
        cache.unlink()
    elif damage in ("empty", "truncated"):
        os.truncate(cache, 0 if damage == "empty" else size // 2)
    else:
        with cache.open("r+b") as file:
            file.seek(0 if damage == "no cache at all" else size // 3)
            file.write(b"Z" * 200_000)

    lines = output(replace(program, options=tuple(aot_options(cache))))

    assert [len(line) for line in lines] == [22]


def test_a_cache_that_was_damaged_is_made_again_by_one_of_those_who_start(
    program: JavaProgram, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = Path(program.options[0].partition("=")[2])
    caches = tmp_path / "caches"
    caches.mkdir()
    for path in cache_dir().glob(f"{original.name.rpartition('-')[0]}*"):
        # With the times of the files, by which they are recognised.
        (shutil.copytree if path.is_dir() else shutil.copy2)(path, caches / path.name)
    monkeypatch.setenv("EMBEDDED_KAFKA_CACHE_DIR", str(caches))
    damaged = caches / original.name
    os.truncate(damaged, 1000)
    killed = caches / f"{original.name.rpartition('-')[0]}.aot-killed"
    killed.mkdir()
    month_ago = time.time() - 31 * 24 * 3600
    unused, other = caches / original.name.replace(".aot", "0.aot"), caches / original.name.replace(".aot", "1.aot")
    for each in (unused, other):
        each.touch()
        each.with_name(f"{each.name}.json").touch()
    os.utime(unused.with_name(f"{unused.name}.json"), (month_ago, month_ago))

    starts = [
        subprocess.Popen([sys.executable, "-c", START], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    results = [start.communicate(timeout=280) for start in starts]

    assert ["Kafka Server started" in log for log, _ in results] == [True, True]
    assert sum("preparing kafka 4.3.1 for fast starts: done" in progress for _, progress in results) == 1
    assert damaged.stat().st_size > 1_000_000
    assert other.exists()
    assert not unused.exists()
    assert not list(caches.glob("*.aot-*"))
