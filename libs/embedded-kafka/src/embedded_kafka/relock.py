"""Writes the locks anew: ``python -m embedded_kafka.relock`` after a version was changed in a jgo.toml or here.

Kafka is resolved by jgo from its jgo.toml, with everything it depends on; the registry is one archive.
"""

import hashlib
import re
import sys
import tempfile
from pathlib import Path

from jgo.constants import MAVEN_CENTRAL_URL
from jgo.env import EnvironmentBuilder, EnvironmentSpec, LockedDependency, LockFile
from jgo.maven import MavenContext

from embedded_kafka.locks import LOCKS_DIR

REGISTRY_VERSION = "3.3.3"


def main() -> None:
    """Resolve and write both locks."""
    with tempfile.TemporaryDirectory() as scratch:
        context = MavenContext(repo_cache=Path(scratch) / "m2", remote_repos={"central": MAVEN_CENTRAL_URL})
        _write("kafka", _kafka(context, Path(scratch) / "envs"))
        _write("registry", _registry(context))


def _kafka(context: MavenContext, cache: Path) -> LockFile:
    spec = EnvironmentSpec.load(LOCKS_DIR / "kafka" / "jgo.toml")
    lockfile = EnvironmentBuilder(context=context, cache_dir=cache).from_spec(spec).lockfile
    assert lockfile is not None, "jgo has just resolved it"
    return lockfile


def _registry(context: MavenContext) -> LockFile:
    component = context.project("io.apicurio", "apicurio-registry-app").at_version(REGISTRY_VERSION)
    path = component.artifact("all", "tar.gz").resolve()
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    archive = LockedDependency(
        "io.apicurio", "apicurio-registry-app", REGISTRY_VERSION, packaging="tar.gz", classifier="all", sha256=sha256
    )
    return LockFile([archive], environment_name="registry", min_java_version=21)


def _write(name: str, lockfile: LockFile) -> None:
    target = LOCKS_DIR / name / "jgo.lock.toml"
    lockfile.save(target)
    # The time of writing would make every lock differ from the last.
    target.write_text(re.sub(r"^generated = .*\n", "", target.read_text(), flags=re.MULTILINE))
    sys.stdout.write(f"wrote {target}\n")


if __name__ == "__main__":
    main()
