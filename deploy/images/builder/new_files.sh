#!/bin/sh
# new_files.sh TARGET KNOWN…: copies into TARGET what /app/.venv holds and none of the KNOWN folders does.
# An image gets its environment in layers so: what seldom changes and others share first, the code last.
# uv's lock file, which everybody may write, is left out.
set -eu
target=$1
shift
mkdir -p "$target"
known=$(mktemp)
for folder in "$@"; do
    (cd "$folder" && find . ! -type d)
done > "$known"
tar -C /app/.venv --anchored --no-wildcards --exclude=./.lock --exclude-from="$known" -cf - . | tar -C "$target" -xpf -
rm "$known"
