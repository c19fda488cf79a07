"""Where the control plane's programs come from, and the sentence when they cannot come."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from packaging.version import Version

from control_plane.binaries import BinariesMissing, ensure_binaries
from control_plane.building import BuildFailed, build
from control_plane.go_toolchain import GoMissing, find_go

PROGRAM = 'package main\n\nfunc main() { println("built") }\n'


@pytest.fixture
def build_module(tmp_path: Path) -> Callable[[str], Path]:
    """Build a Go module of one file and return the program."""
    (tmp_path / "go.mod").write_text("module example.test/program\n\ngo 1.26.0\n")

    def run(main: str) -> Path:
        (tmp_path / "main.go").write_text(main)
        build(find_go(Version("1.26")), tmp_path, tmp_path / "program", version="1.2.3", say=print)
        return tmp_path / "program"

    return run


def test_a_build_tells_that_it_begins_and_what_it_made(
    build_module: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    program = build_module(PROGRAM)

    first, last = capsys.readouterr().out.splitlines()
    assert "building Kubernetes 1.2.3" in first
    assert "built Kubernetes 1.2.3 in 0:" in last
    assert subprocess.run([program], capture_output=True, text=True, check=True).stderr == "built\n"


def test_a_build_that_fails_ends_with_the_compiler_s_words(build_module: Callable[[str], Path]) -> None:
    with pytest.raises(BuildFailed, match=r"main\.go:3.*undefined: printline"):
        build_module(PROGRAM.replace("println", "printline"))


def test_without_a_new_go_the_sentence_says_which_ones_there_are() -> None:
    with pytest.raises(GoMissing, match=r"takes Go 99\.0 or newer to build; there is 1\.\d+.* Run `uv sync`"):
        find_go(Version("99.0"))


def test_a_go_of_the_development_dependencies_does_when_path_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    assert find_go(Version("1.26")).version >= Version("1.26")


def test_kubebuilder_assets_are_taken_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))
    for program in ("etcd", "kube-apiserver", "kubectl"):
        (tmp_path / program).touch(mode=0o755)

    assert ensure_binaries(print)["etcd"] == tmp_path / "etcd"


def test_a_kubebuilder_assets_folder_that_lacks_a_program_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))
    (tmp_path / "etcd").touch(mode=0o755)

    with pytest.raises(BinariesMissing, match="lacks kube-apiserver, kubectl"):
        ensure_binaries(print)
