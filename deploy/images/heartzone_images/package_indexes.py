"""This machine's access to Python's package indexes, given to a build as secrets, which no layer keeps."""

import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

# Where the build sees the certificates.
CA_BUNDLE = "/run/secrets/ca-bundle"
PREFIXES = (
    *("PIP_INDEX_", "PIP_EXTRA_INDEX_", "PIP_TRUSTED_", "PIP_DEFAULT_TIMEOUT"),
    *("UV_INDEX", "UV_DEFAULT_INDEX", "UV_EXTRA_INDEX_", "UV_INSECURE_HOST", "UV_HTTP_TIMEOUT"),
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"),
)
CERTIFICATES = ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE")


def shell_fragment(environment: Mapping[str, str]) -> str:
    """The settings for package indexes in this environment, as assignments of a shell."""
    settings = {name: value for name, value in environment.items() if name.upper().startswith(PREFIXES)}
    if ca_bundle(environment) is not None:
        settings |= {"SSL_CERT_FILE": CA_BUNDLE, "PIP_CERT": CA_BUNDLE}
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in sorted(settings.items()))


def ca_bundle(environment: Mapping[str, str]) -> Path | None:
    """The file of certificates that this environment names, None when it leaves that to each program."""
    return next((Path(environment[name]) for name in CERTIFICATES if environment.get(name)), None)


@contextmanager
def build_secrets(environment: Mapping[str, str]) -> Iterator[dict[str, Path]]:
    """The secrets by id; the file with the settings is there while the block lasts."""
    with TemporaryDirectory(prefix="heartzone-images-") as folder:
        fragment = Path(folder) / "package-indexes"
        fragment.touch(mode=0o600)
        fragment.write_text(shell_fragment(environment))
        secrets = {"package-indexes": fragment}
        if (certificates := ca_bundle(environment)) is not None:
            secrets["ca-bundle"] = certificates
        yield secrets
