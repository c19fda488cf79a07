"""Names and prose that follow docs/glossary.md, as far as a program can tell."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from heartzone_testing.checkout import ROOT

FOLDERS = ("benchmarks", "cli", "deploy", "docs", "libs", "services", "tests")
SOURCES = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]

# A docstring that opens so poses a question; a noun phrase or an imperative names the module's purpose.
QUESTION = re.compile(r"(What|Whether|Where|Which|Why|How|When|Who)\b")
REPLACED_NAME = re.compile(
    r"\b_?(?:MOST|LONGEST|LARGEST)_[A-Z]|\bASK_AGAIN|_LATER_S\b|\b(?:look_at|glance_at|thoroughly|patience)\b"
)
# A setting and a metric label, which users have in files of their own, keep their names.
CONTRACT_NAME = re.compile(r"schema_patience|SCHEMA_PATIENCE|schemaPatience|schema_registry_away")
# Colloquial or replaced words, each with the term instead: response, current, owner, timeout, resolved, accept, retry,
# control record, remedy, reported as, learn.
REPLACED_WORD = re.compile(
    r"\b(?:answers?|answered|answering|in hand|keepers?|patience|sorted out|take[ns]? in|asked (?:for )?again"
    r"|asks? again|commit markers?|cures?|told as|hears? of)\b",
    re.IGNORECASE,
)
# "Refused" is a property of a client that cannot be set; everything else is invalid, rejected or unauthorized.
REFUSED = re.compile(r"\w*refus\w*", re.IGNORECASE)
REFUSED_PROPERTY = re.compile(
    r"refused propert(?:y|ies)|\w*refused_(?:by_others|\w*properties)|\brefused=", re.IGNORECASE
)
# These files are about such properties.
ABOUT_PROPERTIES = re.compile(r"settings|config\.py|client_properties\.py|glossary\.md")
# Values, fields and reasons that users have in files of their own, and names of Python and the operating system.
CONTRACT_REFUSED = re.compile(
    r"[\"'`]refused[\"'`]|\.refused\b|\brefused: int|\bREFUSED\b|\"Refusal\""
    r"|FinalizerRefused|FINALIZER_REFUSED|RegistryRefused|REGISTRY_REFUSED|ConnectionRefusedError|Connection refused"
)
TEXTS = [
    *(ROOT / name for name in ("ARCHITECTURE.md", "CONTRIBUTING.md", "Makefile", "README.md", "skaffold.yaml")),
    *(
        path
        for folder in (*FOLDERS, "schemas")
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in {".md", ".py", ".tpl", ".txt", ".yaml"} or path.name.endswith("Dockerfile")
        if path != Path(__file__)
    ),
]
EVENT = re.compile(r"[a-z0-9]+(_[a-z0-9]+)+")
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_has_the_names_of_the_glossary(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    docstring = ast.get_docstring(tree)
    assert docstring or path.is_relative_to(ROOT / "tests"), "a module says what it is for"
    assert not QUESTION.match(docstring or "")
    if path != Path(__file__):
        assert REPLACED_NAME.findall(CONTRACT_NAME.sub("", text)) == []
    assert [event for event in log_events(tree) if not EVENT.fullmatch(event)] == []


def test_no_text_has_a_word_that_the_glossary_replaces() -> None:
    found = [(str(path.relative_to(ROOT)), word) for path in TEXTS for word in replaced_words(path)]
    assert found == []


def replaced_words(path: Path) -> Iterator[str]:
    text = path.read_text(encoding="utf-8")
    yield from REPLACED_WORD.findall(text)
    if "refus" in text.lower() and not ABOUT_PROPERTIES.search(str(path.relative_to(ROOT))):
        yield from REFUSED.findall(CONTRACT_REFUSED.sub("", REFUSED_PROPERTY.sub("", text)))


def log_events(tree: ast.Module) -> Iterator[str]:
    """Yield the constant events of a structlog logger; libraries that log to the standard library write sentences."""
    if not any(isinstance(node, ast.Import) and node.names[0].name == "structlog" for node in ast.walk(tree)):
        return
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in LEVELS
            and node.args
        ):
            event = node.args[0]
            assert not isinstance(event, ast.JoinedStr | ast.BinOp), "an event is a constant; what varies is a field"
            if (
                isinstance(node.func.value, ast.Name)
                and node.func.value.id == "log"
                and isinstance(event, ast.Constant)
            ):
                yield str(event.value)
