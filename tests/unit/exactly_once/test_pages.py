"""The library's pages say what is in the code."""

import re
from typing import Any

import exactly_once
from exactly_once.clients.broker_lookups import BrokerLookups
from exactly_once.clients.consumer_session import ConsumerSession
from exactly_once.clients.input_consumer import InputConsumer
from exactly_once.clients.partition_flow import PartitionFlow
from exactly_once.clients.producer_session import ProducerSession
from exactly_once.clients.topic_comparison import TopicComparison
from exactly_once.clients.transactional_producer import TransactionalProducer
from exactly_once.core import error_reactions
from exactly_once.core.assignment import Assignment
from exactly_once.core.batch_processor import BatchProcessor
from exactly_once.core.positions import Positions
from exactly_once.core.rejected_records import RejectedRecordSearch
from exactly_once.status import Status
from exactly_once.transaction_runner import TransactionRunner
from heartzone_testing.checkout import ROOT

LIBRARY = ROOT / "libs" / "exactly-once"
NAMED: dict[str, Any] = {
    each.__name__.removeprefix("exactly_once.core."): each
    for each in (
        BatchProcessor,
        ConsumerSession,
        InputConsumer,
        Positions,
        ProducerSession,
        RejectedRecordSearch,
        BrokerLookups,
        PartitionFlow,
        TopicComparison,
        Assignment,
        Status,
        TransactionRunner,
        TransactionalProducer,
        error_reactions,
        exactly_once.Observer,
        exactly_once.Worker,
        exactly_once.WorkerConfig,
    )
}
INSTANCE_ATTRIBUTES = {"Positions.fetched"}


def test_the_readme_names_every_error_that_ends_a_worker() -> None:
    readme = (LIBRARY / "README.md").read_text()
    errors = [each.__name__ for each in exactly_once.WorkerError.__subclasses__()]

    assert len(errors) >= 7
    assert [name for name in errors if f"`{name}`" not in readme] == []


def test_the_tree_in_the_module_of_errors_names_every_one() -> None:
    errors = {each.__name__ for each in exactly_once.WorkerError.__subclasses__()}

    assert set(re.findall(r"[├└]── (\w+)", exactly_once.errors.__doc__ or "")) == errors


def test_every_name_that_the_page_of_states_mentions_exists() -> None:
    page = (LIBRARY / "docs" / "states.md").read_text()
    mentioned = set(re.findall(r"\b(\w+)\.(\w+)\b", page))
    ours = {(owner, name) for owner, name in mentioned if owner in NAMED}

    assert len(ours) >= 30
    missing = {f"{owner}.{name}" for owner, name in ours if not hasattr(NAMED[owner], name)}
    assert missing <= INSTANCE_ATTRIBUTES


def test_every_transition_on_the_page_of_states_names_the_method_that_makes_it() -> None:
    page = (LIBRARY / "docs" / "states.md").read_text()
    # A diagram's last transition, from an end state out of the diagram, has no label.
    labels = re.findall(r"^ +\S+ --> \S+: (.+)$", page, re.MULTILINE)

    assert len(labels) >= 50
    assert [label for label in labels if not any(owner in NAMED for owner in re.findall(r"\b(\w+)\.\w", label))] == []
    assert re.findall(r"^ +(\S+) --> \S+$", page, re.MULTILINE) == ["STOPPED", "Closed"]


def test_the_page_of_states_shows_every_state_of_a_worker() -> None:
    page = (LIBRARY / "docs" / "states.md").read_text()

    assert [state.name for state in exactly_once.State if f"{state.name} -->" not in page] == []
