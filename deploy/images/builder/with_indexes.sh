#!/bin/sh
# with_indexes.sh COMMAND…: runs it with the caller's settings for package indexes, a build secret that may be missing.
set -eu
if [ -f /run/secrets/package-indexes ]; then
    set -a
    . /run/secrets/package-indexes
    set +a
fi
exec "$@"
