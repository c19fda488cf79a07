"""Signatures by cosign, of digests: a tag could move between push and signature."""

from collections.abc import Iterable

from heartzone_release.running import run


def signing_command(reference: str, key: str, *, plain_http: bool = False) -> list[str]:
    """What signs `<name>:<tag>@<digest>`; the key is a file, or an address of a KMS as cosign takes them.

    cosign takes more options from the environment, as COSIGN_TLOG_UPLOAD.
    """
    repository, _, digest = reference.partition("@")
    name, _, _tag = repository.rpartition(":")
    http = ["--allow-http-registry"] if plain_http else []
    return ["cosign", "sign", "--yes", f"--key={key}", *http, f"{name}@{digest}"]


def sign(references: Iterable[str], key: str, *, plain_http: bool = False) -> None:
    """Sign them; COSIGN_PASSWORD is the key's password. Raises ReleaseError."""
    for reference in references:
        run(signing_command(reference, key, plain_http=plain_http))
