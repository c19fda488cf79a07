"""Safe reading of XML: as a stream, without entities, document types or network."""

from collections.abc import Iterator
from typing import BinaryIO

from lxml import etree

from heartzone_cli.replay.recordings.samples import FormatError, shortened


def elements(file: BinaryIO, *, root: str, tag: str) -> Iterator[etree._Element]:
    """Yield each complete element of the local name `tag`; it is emptied when the iteration continues.

    Local names, because exporters differ in namespaces and versions of the same format.
    Raises FormatError for what is not well-formed, has another root, or declares a document type: no
    recording needs one, and entity bombs do.
    """
    events = etree.iterparse(
        file,
        events=("start", "end"),
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
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


def descendant_text(element: etree._Element, name: str) -> str | None:
    """Return the text of the first descendant of that local name, None without one or when it is empty."""
    for found in element.iter(f"{{*}}{name}"):
        return (found.text or "").strip() or None
    return None


def _local_name(element: etree._Element) -> str:
    # Not etree.QName, which raises for names with a prefix that was never declared.
    return str(element.tag).rpartition("}")[2]
