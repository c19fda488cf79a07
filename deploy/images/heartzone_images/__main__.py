"""`make images`: builds the images of the services and of the command; see docs/images.md."""

import argparse
import os
import sys

from heartzone_images import engines, local_base
from heartzone_images.package_indexes import build_secrets
from heartzone_images.services import IMAGES, image_build


def main() -> int:
    """Exit code 0, or 1 when an image could not be built."""
    parser = argparse.ArgumentParser(
        prog="make images", description="Build the images of the services and of the heartzone command."
    )
    parser.add_argument("images", nargs="*", metavar="IMAGE", help=f"which, of {', '.join(IMAGES)}; default: all")
    parser.add_argument("--tag", default="dev", help="default: dev")
    parser.add_argument(
        "--base-image",
        help="what they run on, with Python 3.11 or later and its venv; `local` makes a Debian from its packages, for"
        " machines that reach no registry; default: what the Dockerfiles say",
    )
    options = parser.parse_args()
    if unknown := set(options.images) - set(IMAGES):
        parser.error(f"no image is called {', '.join(sorted(unknown))}: there are {', '.join(IMAGES)}")
    try:
        _build(options.images or IMAGES, options.tag, options.base_image)
    except engines.BuildError as error:
        hint = "" if options.base_image else " Where no registry of images is reachable: make images BASE_IMAGE=local"
        sys.stderr.write(f"make images: {error}{hint}\n")
        return 1
    except (engines.NoEngineError, local_base.NoLocalBaseError) as error:
        sys.stderr.write(f"make images: {error}\n")
        return 1
    return 0


def _build(images: list[str] | tuple[str, ...], tag: str, base_image: str | None) -> None:
    engine = engines.choose()
    if base_image == "local":
        bases = local_base.local_bases(engine, lambda line: print(line, flush=True))  # noqa: T201
    else:
        bases = {"BASE_IMAGE": base_image} if base_image else {}
    with build_secrets(os.environ) as secrets:
        for image in images:
            build = image_build(image, tag, bases=bases, secrets=secrets)
            engine.build(build)
            print(f"built {build.reference}", flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
