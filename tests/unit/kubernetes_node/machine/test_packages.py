"""The messages on a machine that cannot be a node."""

import os
import sys
from pathlib import Path

import pytest

from kubernetes_node.machine.packages import NodeUnsupportedError, ensure_packages


@pytest.mark.parametrize(
    ("platform", "user"), [pytest.param("darwin", 0, id="another system"), pytest.param("linux", 1000, id="not root")]
)
def test_a_node_takes_linux_and_root(monkeypatch: pytest.MonkeyPatch, platform: str, user: int) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(os, "geteuid", lambda: user)

    with pytest.raises(
        NodeUnsupportedError, match="takes Linux and root: `sudo make e2e`; or kind, or --kubeconfig FILE"
    ):
        ensure_packages(pytest.fail)


@pytest.fixture
def bare_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Root on a Linux that has nothing on its PATH; the folder is its PATH."""
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


@pytest.mark.usefixtures("bare_machine")
def test_without_apt_it_says_what_to_install() -> None:
    with pytest.raises(NodeUnsupportedError, match=r"Install what Debian has in .*conntrack, .*iptables"):
        ensure_packages(pytest.fail)


def test_what_apt_says_is_passed_on_when_it_fails(bare_machine: Path) -> None:
    apt = bare_machine / "apt-get"
    apt.write_text("#!/bin/sh\necho 'E: no such mirror' >&2\nexit 100\n")
    apt.chmod(0o755)
    said: list[str] = []

    with pytest.raises(NodeUnsupportedError, match="`apt-get update` failed:\nE: no such mirror"):
        ensure_packages(said.append)

    assert said[0].startswith("installing ")
    assert "iptables" in said[0]
