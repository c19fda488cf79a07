"""Embedding of schema files into the EventTopics that carry them as text.

A resource must hold its schema as a string, and people edit schemas in files. A line such as

    schema: | # text of ../Biometrics.json

marks the block below it as a copy; `python -m event_topics.embedding FOLDER` brings the copies up to date, and with
`--check` it only reports which are not, and exits with 1.
"""

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

_MARKED_BLOCK = re.compile(
    r"^(?P<marker>(?P<indent> *)schema: \|[^\S\n]*# text of (?P<file>\S+)[^\S\n]*\n)"
    r"(?:(?P=indent) [^\n]*\n|[^\S\n]*\n)*",
    re.MULTILINE,
)


def embedded(manifest: str, folder: Path) -> str:
    """Return the text of a manifest with each marked block replaced by the file it names, relative to `folder`.

    Raises OSError when a file cannot be read.
    """

    def block(match: re.Match[str]) -> str:
        text = (folder / match["file"]).read_text(encoding="utf-8")
        margin = match["indent"] + "  "
        lines = (margin + line if line.strip() else "" for line in text.rstrip("\n").split("\n"))
        return match["marker"] + "\n".join(lines) + "\n"

    return _MARKED_BLOCK.sub(block, manifest)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m event_topics.embedding", description="Copy schemas into EventTopics."
    )
    parser.add_argument("folder", type=Path, help="folder with the .yaml files")
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 when a copy is out of date")
    options = parser.parse_args(arguments)
    outdated = 0
    for path in sorted(options.folder.glob("*.yaml")):
        old = path.read_text(encoding="utf-8")
        new = embedded(old, path.parent)
        if new != old:
            outdated += 1
            sys.stdout.write(f"{path} {'is out of date' if options.check else 'brought up to date'}\n")
            if not options.check:
                path.write_text(new, encoding="utf-8")
    return 1 if options.check and outdated else 0


if __name__ == "__main__":
    sys.exit(main())
