"""Writes the lock anew: ``python -m heartzone_testing.strimzi.model.relock`` when jgo.toml changed."""

import re
import tempfile
from pathlib import Path

from jgo.constants import MAVEN_CENTRAL_URL
from jgo.env import EnvironmentBuilder, EnvironmentSpec
from jgo.maven import MavenContext

HERE = Path(__file__).parent


def main() -> None:
    """Resolve and write the lock."""
    with tempfile.TemporaryDirectory() as scratch:
        context = MavenContext(repo_cache=Path(scratch) / "m2", remote_repos={"central": MAVEN_CENTRAL_URL})
        builder = EnvironmentBuilder(context=context, cache_dir=Path(scratch) / "envs")
        lockfile = builder.from_spec(EnvironmentSpec.load(HERE / "jgo.toml")).lockfile
    assert lockfile is not None, "jgo has just resolved it"
    target = HERE / "jgo.lock.toml"
    lockfile.save(target)
    # The time of writing would make every lock differ from the last.
    target.write_text(re.sub(r"^generated = .*\n", "", target.read_text(), flags=re.MULTILINE))


if __name__ == "__main__":
    main()
