"""A packed image is one that readers of docker-archives understand."""

from pathlib import Path

from kubernetes_node.images.archives import ImageArchive
from kubernetes_node.images.packing import pack_image


def test_an_image_has_its_name_its_program_and_its_links(tmp_path: Path) -> None:
    (tmp_path / "program").write_bytes(b"\x7fELF")

    packed = pack_image(
        tmp_path / "image.tar", tag="name:tag", files={"bin/it": tmp_path / "program"}, links={"bin/other": "it"}
    )

    image = ImageArchive(packed)
    assert image.names() == ["name:tag"]
    assert image.config()["Entrypoint"] == ["/bin/it"]
    assert image.config()["User"] == "65532:65532"
    image.unpack(tmp_path / "root")
    assert (tmp_path / "root" / "bin" / "other").read_bytes() == b"\x7fELF"
    assert (tmp_path / "root" / "bin" / "it").stat().st_mode & 0o777 == 0o755
