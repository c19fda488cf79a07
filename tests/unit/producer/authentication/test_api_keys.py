"""API keys: the file that holds them, and whose requests it lets pass."""

import os
import re
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest

from heartzone_producer.authentication.api_keys import ApiKeys, parse_api_keys
from heartzone_producer.authentication.errors import UnauthenticatedError
from heartzone_producer.authentication.principals import Principal, device_patterns
from heartzone_testing.checkout import ROOT
from service_chassis.followed_files import FollowedFiles

DEVICE = "3fa85f64-5717-4562-b3fc-2c963f66afa6"


def line(name: str, key: str, *devices: str) -> str:
    return " ".join([name, f"sha256:{sha256(key.encode()).hexdigest()}", *devices])


def test_a_key_belongs_to_its_name_and_to_its_devices() -> None:
    keys = parse_api_keys(
        f"# comment\n\n{line('clinic', 'a')}\n{line('bracelet', 'b', DEVICE.upper(), '8d1c*')} # its own\n"
    )

    assert keys.principal_of(b"a") == Principal("api-key", "clinic")
    bracelet = keys.principal_of(b"b")
    assert bracelet.may_send_for(DEVICE)
    assert bracelet.may_send_for("8D1C5717-4562-4562-b3fc-2c963f66afa6")
    assert not bracelet.may_send_for("00000000-5717-4562-b3fc-2c963f66afa6")
    assert not bracelet.may_send_for(None)


def test_two_keys_of_one_name_are_valid_at_a_time() -> None:
    keys = parse_api_keys(f"{line('clinic', 'old')}\n{line('clinic', 'new')}")

    assert keys.principal_of(b"old") == keys.principal_of(b"new")


@pytest.mark.parametrize("key", [b"", b"A", b"a ", b"\xff", b"a" * 100_000, sha256(b"a").hexdigest().encode()])
def test_any_other_key_is_not_valid(key: bytes) -> None:
    with pytest.raises(UnauthenticatedError):
        parse_api_keys(line("clinic", "a")).principal_of(key)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        pytest.param("", "no key", id="empty"),
        pytest.param("clinic", "line 1 has no 'sha256:'", id="without a hash"),
        pytest.param("clinic my-secret-key", "line 1 has no 'sha256:'", id="a key instead of its hash"),
        pytest.param("my-secret-key:x sha256:0", "line 1 does not begin with a name", id="name"),
        pytest.param(f"\nclinic sha256:{'A' * 64}", "line 2 has no 'sha256:'", id="upper case"),
        pytest.param("\n".join(line("clinic", key) for key in "abc"), "line 3 is a third key of clinic", id="three"),
        pytest.param(f"{line('a', 'x')}\n{line('b', 'x')}", "line 2 has the hash", id="one key, two names"),
        pytest.param(f"{line('a', 'x')}\n{line('a', 'y', '1*')}", "line 2 gives a other devices", id="other devices"),
        pytest.param(line("a", "x", "1*2"), "'1*2' is no pattern of devices", id="pattern"),
    ],
)
def test_a_file_that_cannot_be_meant_is_an_error_that_shows_no_key(text: str, part: str) -> None:
    with pytest.raises(ValueError, match=re.escape(part)) as caught:
        parse_api_keys(text)

    assert "my-secret-key" not in str(caught.value)


def test_a_pattern_is_a_device_or_what_devices_begin_with() -> None:
    assert device_patterns(["*"]).match(DEVICE)
    assert device_patterns(["3FA8*"]).match(DEVICE)
    assert not device_patterns(["3fa8"]).match(DEVICE)
    assert not device_patterns([]).match(DEVICE)


def _followed(file: Path) -> FollowedFiles[ApiKeys]:
    return FollowedFiles("api_keys", lambda: [file], lambda: parse_api_keys(file.read_text()), interval=0)


def _is_valid(keys: ApiKeys, key: str) -> bool:
    try:
        keys.principal_of(key.encode())
    except UnauthenticatedError:
        return False
    return True


def test_a_secret_that_kubernetes_replaces_is_followed(tmp_path: Path) -> None:
    """The kubelet writes a new folder and exchanges the link ``..data``; the file itself is a link that stays."""
    for version, key in (("..1", "old"), ("..2", "new")):
        (tmp_path / version).mkdir()
        (tmp_path / version / "api-keys").write_text(line("clinic", key))
    (tmp_path / "..data").symlink_to("..1")
    (tmp_path / "api-keys").symlink_to("..data/api-keys")
    keys = _followed(tmp_path / "api-keys")
    assert _is_valid(keys.current, "old")

    (tmp_path / "..next").symlink_to("..2")
    (tmp_path / "..next").replace(tmp_path / "..data")

    assert _is_valid(keys.current, "new")
    assert not _is_valid(keys.current, "old")


def test_a_file_that_becomes_unusable_leaves_the_keys_as_they_were_until_it_is_mended(tmp_path: Path) -> None:
    file = tmp_path / "api-keys"
    file.write_text(line("clinic", "a"))
    keys = _followed(file)

    for spoil in (lambda: file.write_text("clinic"), file.unlink):
        spoil()
        assert _is_valid(keys.current, "a")
    file.write_text(line("clinic", "b"))

    assert _is_valid(keys.current, "b")
    assert not _is_valid(keys.current, "a")


def test_a_file_is_looked_at_once_an_interval_only(tmp_path: Path) -> None:
    file = tmp_path / "api-keys"
    file.write_text(line("clinic", "a"))
    keys = FollowedFiles("api_keys", lambda: [file], lambda: parse_api_keys(file.read_text()), interval=3600)
    file.write_text(line("clinic", "bb"))

    assert _is_valid(keys.current, "a")


def test_the_commands_of_the_page_make_a_key_and_its_line(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "authentication.md").read_text()
    commands = re.search(r"<!-- tested: make a key -->\n```sh\n(.*?)```", page, re.DOTALL)
    assert commands

    done = subprocess.run(
        ["sh", "-euc", commands[1]], cwd=tmp_path, env=os.environ, capture_output=True, text=True, check=True
    )

    key = re.search(r"hz_[0-9a-f]{64}", done.stdout)
    assert key
    assert parse_api_keys((tmp_path / "api-keys").read_text()).principal_of(key[0].encode()).name == "clinic"
