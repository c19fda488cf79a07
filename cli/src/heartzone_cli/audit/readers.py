"""The readers of an audit's three topics."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

from heartzone_cli.audit.log_reader import LogReader
from heartzone_cli.audit.scope import Range, Scope


@contextmanager
def open_readers(properties: Mapping[str, Any], scope: Scope) -> Iterator[tuple[LogReader, LogReader, LogReader]]:
    """Open readers of the input, the output and the dead letters, while the block lasts."""
    with ExitStack() as opened:

        def reader(part: Range) -> LogReader:
            found = LogReader(properties, part.topic.name, part.starts, part.ends)
            opened.callback(found.close)
            return found

        yield reader(scope.inputs), reader(scope.outputs), reader(scope.letters)
