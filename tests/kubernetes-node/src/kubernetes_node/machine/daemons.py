"""The daemons that make a machine a node and a control plane a cluster: kubelet, kube-proxy, scheduler, controllers."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from embedded_kafka.processes import ChildProcess
from kubernetes_node.control_plane.binaries import Binaries
from kubernetes_node.control_plane.processes import ControlPlane
from kubernetes_node.machine.containerd import ENDPOINT
from kubernetes_node.networking import network

NODE = "node"


@dataclass(frozen=True, slots=True)
class Daemons:
    """Their command lines and configuration. All use the API as administrators and keep their files in `directory`."""

    binaries: Binaries
    control_plane: ControlPlane
    directory: Path

    def start(self) -> list[ChildProcess]:
        """Start them all. None of them needs another one to be there."""
        self.directory.mkdir()
        (self.directory / "resolv.conf").touch()  # no DNS but the cluster's
        kubeconfig = f"--kubeconfig={self.control_plane.kubeconfig}"
        return [
            self._start(
                "kubelet",
                kubeconfig,
                f"--config={self._write('kubelet', self._kubelet())}",
                f"--root-dir={self.directory / 'kubelet'}",
                f"--cert-dir={self.directory / 'kubelet-certificates'}",
                f"--hostname-override={NODE}",
                f"--node-ip={network.ADDRESS}",
            ),
            self._start("kube-proxy", f"--config={self._write('kube-proxy', self._proxy())}"),
            self._start("kube-scheduler", kubeconfig, *_ALONE),
            self._start("kube-controller-manager", kubeconfig, *_ALONE, *self._controllers()),
        ]

    def _start(self, program: str, *flags: str) -> ChildProcess:
        return ChildProcess.start(
            [self.binaries[program], *flags], log_file=self.directory / f"{program}.log", cwd=self.directory
        )

    def _write(self, program: str, config: Mapping[str, object]) -> Path:
        file = self.directory / f"{program}.json"
        file.write_text(json.dumps(config, indent=1))
        return file

    def _kubelet(self) -> dict[str, object]:
        return {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "address": network.ADDRESS,
            "authentication": {
                "anonymous": {"enabled": False},
                "x509": {"clientCAFile": str(self.control_plane.credentials.ca)},
            },
            "containerRuntimeEndpoint": ENDPOINT,
            "clusterDNS": [network.DNS_SERVICE],
            "clusterDomain": "cluster.local",
            "resolvConf": str(self.directory / "resolv.conf"),
            # The machine is shared and its layout of control groups is what it is: no groups of the kubelet's own.
            "failCgroupV1": False,
            "cgroupDriver": "cgroupfs",
            "cgroupsPerQOS": False,
            "enforceNodeAllocatable": [],
            "failSwapOn": False,
            "oomScoreAdj": 0,
            "makeIPTablesUtilChains": False,
            # A disk that is nearly full is a developer's normal day.
            "evictionHard": {"memory.available": "1%", "nodefs.available": "1%", "imagefs.available": "1%"},
            "imageGCHighThresholdPercent": 100,
            "imageGCLowThresholdPercent": 99,
        }

    def _proxy(self) -> dict[str, object]:
        return {
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
            "kind": "KubeProxyConfiguration",
            "clientConnection": {"kubeconfig": str(self.control_plane.kubeconfig)},
            "hostnameOverride": NODE,
            "mode": "iptables",
            "clusterCIDR": network.PODS,
            "iptables": {"minSyncPeriod": "100ms"},  # the default gathers a second's changes of a big cluster
            # These settings of the kernel are the whole machine's.
            "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
        }

    def _controllers(self) -> list[str]:
        keys = self.control_plane.credentials
        return [
            f"--root-ca-file={keys.ca}",
            f"--service-account-private-key-file={keys.signing_key}",
            f"--cluster-cidr={network.PODS}",
        ]


_ALONE = ("--leader-elect=false", "--secure-port=0")
