"""Write locks anew: ``python -m embedded_kafka.distributions.relock [FILE…]`` after `roots` or `exclusions` changed.

Without files: Kafka's and the registry's. jars are resolved with everything they depend on, by jgo (the extra
``relock``); an archive is taken as it is.
"""

import hashlib
import json
import os
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

from jgo.env import EnvironmentBuilder, EnvironmentSpec
from jgo.maven import MavenContext
from packageurl import PackageURL
from packageurl.contrib.purl2url import DEFAULT_MAVEN_REPOSITORY

from embedded_kafka.distributions.lock import LOCK_SUFFIX, LockedArtifact

ROOMS = Path(__file__).parents[1]


def main() -> None:
    """Resolve and write the locks that are named, or all of this package."""
    files = [Path(argument) for argument in sys.argv[1:]] or sorted(ROOMS.glob(f"*/*{LOCK_SUFFIX}"))
    remote = os.environ.get("EMBEDDED_KAFKA_MAVEN_URL", DEFAULT_MAVEN_REPOSITORY)
    for file in files:
        required = tomllib.loads(file.read_text())
        with tempfile.TemporaryDirectory() as scratch:
            context = MavenContext(repo_cache=Path(scratch) / "m2", remote_repos={"central": remote})
            artifacts = list(
                _resolve(context, required["roots"], required["exclusions"], Path(scratch) / "environments")
            )
        file.write_text(render(required["roots"], required["exclusions"], artifacts))
        sys.stdout.write(f"wrote {file}\n")


def render(roots: Sequence[str], exclusions: Sequence[str], artifacts: Sequence[LockedArtifact]) -> str:
    """The text of a lock."""
    head = f"# Written by `python -m embedded_kafka.distributions.relock`.\nroots = {_array(roots)}\n"
    body = (f'[[artifacts]]\npurl = "{each.purl}"\nsha256 = "{each.sha256}"\n' for each in artifacts)
    return "\n".join([head + f"exclusions = {_array(exclusions)}\n", *body])


def _array(values: Sequence[str]) -> str:
    # JSON's strings are TOML's.
    return "".join(["[", *(f"\n    {json.dumps(value)}," for value in values), "\n]" if values else "]"])


def _resolve(
    context: MavenContext, roots: Sequence[str], exclusions: Sequence[str], cache: Path
) -> Iterator[LockedArtifact]:
    purls = [PackageURL.from_string(root) for root in roots]
    archives = [purl for purl in purls if "type" in dict(purl.qualifiers)]
    for purl in archives:
        component = context.project(purl.namespace or "", purl.name).at_version(purl.version or "")
        qualifiers = dict(purl.qualifiers)
        path = component.artifact(qualifiers.get("classifier", ""), qualifiers["type"]).resolve()
        with path.open("rb") as file:
            yield LockedArtifact(purl.to_string(), hashlib.file_digest(file, "sha256").hexdigest())
    if jars := [f"{purl.namespace}:{purl.name}:{purl.version}" for purl in purls if purl not in archives]:
        spec = EnvironmentSpec(name="relock", coordinates=jars, exclusions=list(exclusions))
        lockfile = EnvironmentBuilder(context=context, cache_dir=cache).from_spec(spec).lockfile
        assert lockfile is not None, "jgo has just resolved it"
        for each in lockfile.dependencies:
            qualifiers = {"classifier": each.classifier} if each.classifier else {}
            purl = PackageURL("maven", each.groupId, each.artifactId, each.version, qualifiers)
            assert each.sha256, "jgo has just fetched it"
            yield LockedArtifact(purl.to_string(), each.sha256)


if __name__ == "__main__":
    main()
