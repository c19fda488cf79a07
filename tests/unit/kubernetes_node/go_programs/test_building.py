"""Go programs are built once for each content of their sources; a build that fails says why."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import platformdirs
import pytest
from packaging.version import Version

from heartzone_testing.waiting import eventually
from kubernetes_node.go_programs.building import BuildError
from kubernetes_node.go_programs.modules import GoModule, Say
from kubernetes_node.go_programs.toolchain import GoMissingError, find_go

GO_MOD = "module example.test/{name}\n\ngo 1.26.0\n"
MAIN = """package main

import "os"

var version = "unknown"

func main() { println(os.Args[0][len(os.Args[0])-5:], version) }
"""

INTERRUPTED = """
import pathlib, signal, sys
from packaging.version import Version
from kubernetes_node.go_programs.building import build
from kubernetes_node.go_programs.toolchain import find_go

signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
source, output, tool = map(pathlib.Path, sys.argv[1:])
go = find_go(Version("1.26"), title="hello")
build(go, source, output, title="hello", arguments=(f"-toolexec={tool}", "."), say=print)
"""


@pytest.fixture
def write_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Write a Go module into a folder of its own, with a cache of the test's own."""
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda _: tmp_path / "cache")

    def write(name: str, go_mod: str = GO_MOD, **files: str) -> Path:
        (tmp_path / name).mkdir(exist_ok=True)
        (tmp_path / name / "go.mod").write_text(go_mod.format(name=name))
        for file, text in files.items():
            path = tmp_path / name / f"{file.replace('_', '/')}.go"
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        return tmp_path / name

    return write


def test_a_program_is_built_once_and_tells_that_it_begins_and_what_it_made(write_module: Callable[..., Path]) -> None:
    hello = write_module("hello", main=MAIN)
    said: list[str] = []

    program = _ensure(hello, said.append)

    first, last = said
    assert "building hello from source, for the tests" in first
    assert "built hello in 0:" in last
    assert _words_of(program) == "hello unknown\n"
    assert _ensure(hello, pytest.fail) == program


def test_one_binary_may_have_more_names_and_be_told_its_version(write_module: Callable[..., Path]) -> None:
    hello = write_module("hello", main=MAIN)

    folder = GoModule(hello, names=("salut",), stated={"main.version": "1.2.3"}).ensure(print)

    assert _words_of(folder / "salut") == "salut 1.2.3\n"


def test_the_tools_of_a_module_are_its_programs(write_module: Callable[..., Path]) -> None:
    tools = "tool (\n\texample.test/{name}/hello\n\texample.test/{name}/salut\n)\n"
    several = write_module("several", GO_MOD + tools, hello_main=MAIN, salut_main=MAIN)

    folder = GoModule(several).ensure(print)

    assert [_words_of(folder / name) for name in ("hello", "salut")] == ["hello unknown\n", "salut unknown\n"]


def test_another_source_is_another_build(write_module: Callable[..., Path]) -> None:
    hello = write_module("hello", main=MAIN)
    before = _ensure(hello, print)
    write_module("hello", main=MAIN.replace("unknown", "changed"))

    assert _words_of(_ensure(hello, print)) == "hello changed\n"
    assert _words_of(before) == "hello unknown\n"


def test_a_build_that_fails_ends_with_the_compiler_s_words_and_is_tried_again(
    write_module: Callable[..., Path],
) -> None:
    hello = write_module("hello", main=MAIN.replace("println", "printline"))

    for _ in range(2):
        with pytest.raises(BuildError, match=r"main\.go:7.*undefined: printline"):
            _ensure(hello, print)


def test_a_build_that_is_interrupted_leaves_no_compiler_behind(
    write_module: Callable[..., Path], tmp_path: Path
) -> None:
    """SIGTERM ends whoever builds (heartzone_testing.building makes it an exit): Go has children of its own by then."""
    started = tmp_path / "started"
    tool = tmp_path / "tool"
    tool.write_text(f"#!/bin/sh\necho $$ >> {started}\nexec sleep 600\n")
    tool.chmod(0o755)
    command = [
        sys.executable,
        "-c",
        INTERRUPTED,
        str(write_module("hello", main=MAIN)),
        str(tmp_path / "out"),
        str(tool),
    ]

    with subprocess.Popen(command) as builder:
        eventually(lambda: started.exists() and started.read_text().endswith("\n"), "Go to start a tool")
        builder.send_signal(signal.SIGTERM)
        assert builder.wait() == 128 + signal.SIGTERM

    tools = [int(line) for line in started.read_text().split()]
    eventually(lambda: not any(map(is_running, tools)), "the tools to have ended")


def is_running(process: int) -> bool:
    found = subprocess.run(["ps", "-o", "stat=", "-p", str(process)], capture_output=True, text=True, check=False)
    return found.stdout.strip() not in ("", "Z")


def test_without_a_new_go_the_sentence_says_which_ones_there_are() -> None:
    with pytest.raises(GoMissingError, match=r"Helm takes Go 99\.0 or newer to build; there is 1\.\d+.* Run `uv sync`"):
        find_go(Version("99.0"), title="Helm")


def test_a_go_of_the_development_dependencies_does_when_path_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    assert find_go(Version("1.26"), title="Helm").version >= Version("1.26")


def _ensure(module: Path, say: Say) -> Path:
    return GoModule(module).ensure(say) / module.name


def _words_of(program: Path) -> str:
    return subprocess.run([program], capture_output=True, text=True, check=True).stderr
