"""The properties of brokers and registry, and their text form."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedded_kafka.broker.data_dir import new_cluster_id
from embedded_kafka.broker.properties import NodePorts, node_properties
from embedded_kafka.broker.security import Security
from embedded_kafka.jvm.properties_format import render
from embedded_kafka.registry.properties import registry_properties


def properties(nodes: int, node_id: int = 1, overrides: Mapping[str, str] | None = None) -> dict[str, str]:
    ports = [NodePorts(9100 + i, {"PLAINTEXT": 9200 + i, "SSL": 9300 + i}) for i in range(nodes)]
    return node_properties(node_id, ports, Path("/data"), security={}, overrides=overrides or {})


def unescape(line: str) -> tuple[str, str]:
    """What java.util.Properties.load reads: key and value of one line."""
    key, _, value = line.removesuffix("\n").partition("=")
    raw = value.encode("latin-1").decode("unicode_escape").encode("utf-16", "surrogatepass").decode("utf-16")
    return key, raw


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_value_is_read_back_as_it_was(value: str) -> None:
    text = render({"key": value.replace("\0", "")})

    assert text.isascii()
    assert text.count("\n") == 1
    assert unescape(text.replace("=\\ ", "= ")) == ("key", value.replace("\0", ""))


def test_each_node_listens_on_its_ports_and_knows_the_whole_quorum() -> None:
    second = properties(3, node_id=2)

    assert second["node.id"] == "2"
    assert second["controller.quorum.voters"] == "1@127.0.0.1:9100,2@127.0.0.1:9101,3@127.0.0.1:9102"
    assert second["listeners"] == "PLAINTEXT://127.0.0.1:9201,SSL://127.0.0.1:9301,CONTROLLER://127.0.0.1:9101"
    assert second["advertised.listeners"] == "PLAINTEXT://127.0.0.1:9201,SSL://127.0.0.1:9301"
    assert second["listener.security.protocol.map"] == "PLAINTEXT:PLAINTEXT,SSL:SSL,CONTROLLER:PLAINTEXT"


@pytest.mark.parametrize(("nodes", "copies", "in_sync"), [(1, "1", "1"), (2, "2", "1"), (3, "3", "2"), (5, "3", "2")])
def test_replication_goes_as_far_as_the_nodes_reach(nodes: int, copies: str, in_sync: str) -> None:
    config = properties(nodes)

    assert config["default.replication.factor"] == config["offsets.topic.replication.factor"] == copies
    assert config["min.insync.replicas"] == config["transaction.state.log.min.isr"] == in_sync


def test_overrides_win() -> None:
    assert properties(1, overrides={"num.io.threads": "9"})["num.io.threads"] == "9"


def test_a_cluster_id_has_the_form_of_kafkas() -> None:
    ids = {new_cluster_id() for _ in range(500)}

    assert len(ids) == 500
    assert all(len(cluster_id) == 22 and not cluster_id.startswith("-") for cluster_id in ids)


def test_the_registrys_password_is_not_written_down() -> None:
    written = render(registry_properties(1, 2, nonce="n", basic_auth=("alice", "wonderland")))

    assert 'users."alice"' in written
    assert "wonderland" not in written


def test_a_password_does_not_show_when_the_security_is_printed() -> None:
    assert "wonderland" not in repr(Security(users={"alice": "wonderland"}))


@pytest.mark.parametrize("user", ["", "a b", 'a"b', "a=b"])
def test_a_user_name_that_jaas_would_misread_is_invalid(user: str) -> None:
    with pytest.raises(ValueError, match="user name"):
        Security(users={user: "x"})
