"""The node's network: no way out of it, and in it the node, its pods and the tests see each other."""

import subprocess
from pathlib import Path

ADDRESS = "172.30.0.1"
PODS = "10.244.0.0/16"
SERVICES = "10.96.0.0/16"
API_SERVICE = "10.96.0.1"  # the first of SERVICES: the API server takes it for itself
DNS_SERVICE = "10.96.0.10"

# Names of Services mean to the tests what they mean to pods.
RESOLV_CONF = f"nameserver {DNS_SERVICE}\nsearch svc.cluster.local cluster.local\noptions ndots:5\n"

# Both ends of the pair are here: a network device that carries the node's address has to have another end, and a dummy
# device is not in every kernel. The route makes it the device that programs take the node's address from.
DEVICES = f"""
link set lo up
link add node0 type veth peer name node1
address add {ADDRESS}/24 dev node0
link set node0 up
link set node1 up
route add default via 172.30.0.254 dev node0
"""
SETTINGS = {
    "net/ipv4/ip_forward": "1",
    "net/bridge/bridge-nf-call-iptables": "1",  # else responses between pods of one bridge bypass the rules of Services
}


def set_up() -> None:
    """Make the devices in the network namespace of this process, which has none but a loopback that is down."""
    subprocess.run(["ip", "-batch", "-"], input=DEVICES, text=True, check=True)
    for name, value in SETTINGS.items():
        (Path("/proc/sys") / name).write_text(value)


def cni_config() -> dict[str, object]:
    """The configuration of the reference plugins: every pod is on one bridge and gets its address there."""
    return {
        "cniVersion": "0.4.0",
        "name": "pods",
        "plugins": [
            {
                "type": "bridge",
                "bridge": "pods0",
                "isGateway": True,
                "hairpinMode": True,  # a pod may be among those behind a Service that it calls
                "ipMasq": False,
                "ipam": {
                    "type": "host-local",
                    "ranges": [[{"subnet": PODS}]],
                    "routes": [{"dst": "0.0.0.0/0"}],
                    "dataDir": "/run/cni",
                },
            },
            {"type": "portmap", "capabilities": {"portMappings": True}},
        ],
    }
