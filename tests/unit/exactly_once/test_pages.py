"""The library's pages say what is in the code."""

import ast
import builtins
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

import exactly_once
from exactly_once.clients.broker_lookups import BrokerLookups
from exactly_once.clients.consumer_session import ConsumerSession
from exactly_once.clients.input_consumer import InputConsumer
from exactly_once.clients.partition_flow import PartitionFlow
from exactly_once.clients.producer_session import ProducerSession
from exactly_once.clients.promise_check import PromiseCheck
from exactly_once.clients.topic_comparison import TopicComparison
from exactly_once.clients.transactional_producer import TransactionalProducer
from exactly_once.core import error_reactions
from exactly_once.core.assignment import Assignment
from exactly_once.core.batch_processor import BatchProcessor
from exactly_once.core.dead_letter_breaker import DeadLetterBreaker
from exactly_once.core.positions import Positions
from exactly_once.core.rejected_records import RejectedRecordSearch
from exactly_once.core.start_offset import StartPolicy
from exactly_once.loop import Loop
from exactly_once.prometheus import PrometheusObserver
from exactly_once.status import Status
from exactly_once.testing import TransformTestDriver
from exactly_once.transaction_runner import TransactionRunner
from heartzone_testing.checkout import ROOT

LIBRARY = ROOT / "libs" / "exactly-once"
NAMED: dict[str, Any] = {
    each.__name__.removeprefix("exactly_once.core."): each
    for each in (
        BatchProcessor,
        DeadLetterBreaker,
        Loop,
        PromiseCheck,
        StartPolicy,
        exactly_once.Scope,
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


@pytest.mark.parametrize("page", ["README.md", "docs/errors.md"])
def test_a_page_with_errors_has_a_row_for_each_that_ends_a_worker_and_for_no_other(page: str) -> None:
    text = (LIBRARY / page).read_text()
    errors = {each.__name__ for each in exactly_once.WorkerError.__subclasses__()}

    assert len(errors) >= 5
    assert set(re.findall(r"^\| `(\w+Error)` ", text, re.MULTILINE)) == errors


@pytest.mark.parametrize("page", sorted((LIBRARY / "docs").glob("*.md")), ids=lambda page: page.name)
def test_the_readme_leads_to_every_page_and_no_link_is_broken(page: Path) -> None:
    readme = (LIBRARY / "README.md").read_text()
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", readme)

    assert f"docs/{page.name}" in links
    assert [link for link in links if "://" not in link and not (LIBRARY / link).exists()] == []


def snippets(page: Path) -> list[str]:
    """The Python programs of a page."""
    return re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL)


@pytest.fixture
def error_filter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The first program of the README as a module, which the others import."""
    (tmp_path / "error_filter.py").write_text(snippets(LIBRARY / "README.md")[0])
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("error_filter", None)


@pytest.mark.usefixtures("error_filter")
def test_the_transform_of_the_readme_passes_the_test_beside_it() -> None:
    names: dict[str, Any] = {}
    exec(next(each for each in snippets(LIBRARY / "README.md") if "TransformTestDriver" in each), names)

    [test] = [value for name, value in names.items() if name.startswith("test_")]
    test()


SNIPPETS = [
    pytest.param(snippet, id=f"{page.name}-{number}")
    for page in (LIBRARY / "README.md", *sorted((LIBRARY / "docs").glob("*.md")))
    for number, snippet in enumerate(snippets(page))
]


@pytest.mark.usefixtures("error_filter")
@pytest.mark.parametrize("snippet", SNIPPETS)
def test_a_snippet_imports_or_defines_every_name_that_it_uses_and_its_imports_are_there(snippet: str) -> None:
    tree = ast.parse(snippet)
    imports = [each for each in ast.walk(tree) if isinstance(each, ast.Import | ast.ImportFrom)]
    known: dict[str, Any] = dict(vars(builtins))
    exec("\n".join(map(ast.unparse, imports)), known)
    known |= {"__name__": ""}
    for each in ast.walk(tree):
        if isinstance(each, ast.FunctionDef):
            known[each.name] = each
        elif isinstance(each, ast.arg):
            known[each.arg] = each
        elif isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store):
            known[each.id] = each

    used = {each.id for each in ast.walk(tree) if isinstance(each, ast.Name)}
    assert used - known.keys() == set()


def test_the_transform_of_the_page_on_tuning_waits_until_its_lookup_is_done() -> None:
    names: dict[str, Any] = {}
    exec(next(each for each in snippets(LIBRARY / "docs" / "tuning.md") if "look_ahead" in each), names)
    driver = TransformTestDriver(names["add_name"], look_ahead=names["look_ahead"])
    driver.pipe(b"", b"ada")
    driver.pipe(b"", b"grace")

    assert driver.run_once().waiting[0].reason == "name"
    for future in names["names"].values():
        future.result()

    assert [each.value for each in driver.run_once().outputs] == [b"Ada", b"Grace"]
    names["pool"].shutdown()


def test_the_page_of_metrics_has_each_with_its_type_and_labels_and_no_other() -> None:
    registry = CollectorRegistry()
    observer = PrometheusObserver(registry)
    observer.partition_halted(("in", 0), exactly_once.HaltReason.OFFSET_MISSING, "")
    observer.partition_waiting(("in", 1), "lookup")
    observer.lag({("in", 0): 1})
    suffix = {"counter": "_total"}
    found = {
        (
            family.name + suffix.get(family.type, ""),
            family.type,
            frozenset(name for each in family.samples for name in each.labels if name != "le"),
        )
        for family in registry.collect()
    }
    rows = re.findall(
        r"^\| `(\w+)` \| (\w+) \| ([\w, ]*)\|", (LIBRARY / "docs" / "metrics.md").read_text(), re.MULTILINE
    )

    assert {(name, kind, frozenset(labels.replace(",", " ").split())) for name, kind, labels in rows} == found


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
