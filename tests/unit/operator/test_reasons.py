"""The table of reasons in the documentation is whole: every reason that the code can give is in it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import event_topics
import heartzone_operator
from heartzone_operator.reasons import REASONS

# Which argument of a call is a reason.
POSITIONS = {"Failure": 0, "Verdict": 1, "_refusal": 2}
# Never written, since another look follows at once; of `heartzone topics export` only.
UNSEEN = {"TopicAlreadyExists", "TopicNotFound", "SchemaHasReferences"}


def reasons_in(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(name), args=arguments) if name in POSITIONS:
                yield from texts(arguments[POSITIONS[name] :][:1])
            case ast.Call(func=ast.Attribute(value=ast.Name("_REASONS"), attr="get"), args=[_, default]):
                yield from texts([default])
            case ast.Assign(targets=[ast.Name("_REASONS")], value=ast.Dict(values=values)):
                yield from texts(values)


def texts(nodes: list[ast.expr]) -> Iterator[str]:
    for node in nodes:
        yield from (
            each.value for each in ast.walk(node) if isinstance(each, ast.Constant) and isinstance(each.value, str)
        )


def test_every_reason_that_the_code_gives_is_documented_and_no_other() -> None:
    sources = [
        source
        for package in (event_topics, heartzone_operator)
        for source in Path(package.__path__[0]).glob("*.py")
        if source.name != "reasons.py"
    ]

    given = {reason for source in sources for reason in reasons_in(ast.parse(source.read_text(encoding="utf-8")))}

    assert given - UNSEEN == REASONS.keys()
