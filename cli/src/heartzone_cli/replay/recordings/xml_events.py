"""Safe reading of XML: as a stream, without entities, document types or network."""

from collections.abc import Iterator, Set
from typing import BinaryIO

from lxml import etree

from heartzone_cli.replay.recordings.samples import FormatError, shortened


def elements(file: BinaryIO, *, root: str, tag: str) -> Iterator[etree._Element]:
    """Yield each complete element of the local name `tag`; it is emptied when the iteration continues.

    Local names, because exporters differ in namespaces and versions of the same format.
    Raises FormatError for what is not well-formed, has another root, or declares a document type: no
    recording needs one, and entity bombs do.
    """
    _skip_white_space(file)
    events = etree.iterparse(
        file,
        events=("start", "end"),
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        recover=True,  # from prefixes that are declared nowhere; all other errors are looked for in the log
    )
    try:
        _, first = next(events)
        if first.getroottree().docinfo.internalDTD is not None:
            raise FormatError("declares a document type, which no recording needs and which is not accepted.")
        if _local_name(first) != root:
            raise FormatError(f"starts with <{shortened(_local_name(first))}>; <{root}> would be right.")
        for event, element in events:
            if event == "end" and _local_name(element) == tag:
                yield element
                element.clear()
                parent = element.getparent()
                while parent is not None and (previous := element.getprevious()) is not None:
                    parent.remove(previous)
    except (etree.XMLSyntaxError, StopIteration) as error:
        raise FormatError(f"is truncated or no valid XML: {getattr(error, 'msg', None) or 'empty'}.") from error
    for entry in events.error_log:
        if entry.type is not etree.ErrorTypes.NS_ERR_UNDEFINED_NAMESPACE:
            raise FormatError(f"is truncated or no valid XML: {entry.message} in line {entry.line}.")


def descendants(element: etree._Element, names: Set[str]) -> Iterator[etree._Element]:
    """Yield the descendants with one of these local names, which are compared in lower case."""
    for found in element.iter("*"):
        if _local_name(found).lower() in names:
            yield found


def descendant_text(element: etree._Element, names: Set[str]) -> str | None:
    """Return the first text of a descendant with one of these names that is not empty, None where there is none."""
    return next(filter(None, ((found.text or "").strip() for found in descendants(element, names))), None)


def _local_name(element: etree._Element) -> str:
    # Not etree.QName, which raises for names with a prefix that was never declared; it is part of the name then.
    return str(element.tag).rpartition("}")[2].rpartition(":")[2]


def _skip_white_space(file: BinaryIO) -> None:
    """Go to the first byte that is no white space: Strava writes some before the declaration, where XML allows none."""
    start = file.read(4096)
    mark = b"\xef\xbb\xbf" if start.startswith(b"\xef\xbb\xbf") else b""
    file.seek(len(start) - len(start[len(mark) :].lstrip()))
