"""The control plane's programs of KUBEBUILDER_ASSETS."""

from pathlib import Path

import pytest

from kubernetes_node.control_plane.binaries import BinariesMissingError, ensure_binaries


def test_kubebuilder_assets_are_taken_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))
    for program in ("etcd", "kube-apiserver", "kubectl"):
        (tmp_path / program).touch(mode=0o755)

    assert ensure_binaries(print)["etcd"] == tmp_path / "etcd"


def test_a_kubebuilder_assets_folder_that_lacks_a_program_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))
    (tmp_path / "etcd").touch(mode=0o755)

    with pytest.raises(BinariesMissingError, match="lacks kube-apiserver, kubectl"):
        ensure_binaries(print)
