"""A build gets the package indexes of its environment, and nothing else of it."""

import subprocess
from pathlib import Path

from heartzone_images.package_indexes import CA_BUNDLE, build_secrets, shell_fragment


def test_settings_for_indexes_and_proxies_go_in_and_nothing_else() -> None:
    environment = {
        "PIP_INDEX_URL": "https://packages.example/simple",
        "UV_INDEX_COMPANY_PASSWORD": "secret",
        "https_proxy": "http://proxy.example",
        "AWS_SECRET_ACCESS_KEY": "never",
        "PIP_FIND_LINKS": "/a/folder/of/this/machine",
    }
    names = [line.split("=")[0] for line in shell_fragment(environment).splitlines()]
    assert names == ["PIP_INDEX_URL", "UV_INDEX_COMPANY_PASSWORD", "https_proxy"]


def test_a_value_is_never_a_command() -> None:
    value = "https://user:pa$$ word`touch x`'@packages.example/"
    fragment = shell_fragment({"PIP_INDEX_URL": value})
    completed = subprocess.run(["sh", "-c", f'{fragment}printf %s "$PIP_INDEX_URL"'], capture_output=True, check=True)
    assert completed.stdout.decode() == value


def test_certificates_are_named_by_where_the_build_sees_them(tmp_path: Path) -> None:
    certificates = tmp_path / "certificates.pem"
    with build_secrets({"SSL_CERT_FILE": str(certificates)}) as secrets:
        assert secrets["ca-bundle"] == certificates
        assert f"SSL_CERT_FILE={CA_BUNDLE}\n" in secrets["package-indexes"].read_text()
        assert secrets["package-indexes"].stat().st_mode & 0o077 == 0
    assert not secrets["package-indexes"].exists()


def test_without_settings_nothing_is_handed_over() -> None:
    with build_secrets({"HOME": "/root"}) as secrets:
        assert secrets["package-indexes"].read_text() == ""
        assert list(secrets) == ["package-indexes"]
