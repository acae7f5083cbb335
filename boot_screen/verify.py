"""Whether pictures are those that a manifest tells of, and if not, where they differ and whose names lie there."""

import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PIL import Image

from boot_screen.draw import band_rows, proof_of

_PAGE = re.compile(r"(?:-|page-?|part)0*([0-9]+)$")
_PICTURES = (".png", ".bmp", ".tga")
_TOLD = 8  # names told of one difference


class VerifyError(ValueError):
    """The picture or the manifest cannot be read; the message says what to do."""


def differences(out: Path, record: Path) -> list[str]:
    """A sentence for each difference; none when all pages are there and each pixel is as told.

    `out` is a picture, a folder of pictures or a bootanimation.zip. Raises VerifyError.
    """
    told = _manifest(record)
    found: dict[int, Image.Image] = {}
    for page, image in _pictures(out):
        found.setdefault(page, image)
    if not found:
        raise VerifyError(f"{out} holds no picture that can be compared (PNG, BMP, TGA or bootanimation.zip).")
    said: list[str] = []
    for page in told["pages"]:
        number = page["page"]
        said += _compared(told, page, found.pop(number)) if number in found else [f"page {number} is missing"]
    return said + [f"page {number} is not in the manifest" for number in sorted(found)]


def _compared(told: dict[str, Any], page: dict[str, Any], image: Image.Image) -> list[str]:
    number = page["page"]
    if list(image.size) != told["screen"]:
        width, height = told["screen"]
        return [f"page {number} is {image.width}x{image.height}, not {width}x{height}"]
    proof = proof_of(image)
    if proof.sha256 == page["pixels_sha256"]:
        return []
    rows = band_rows(image.height)
    bands = zip(proof.bands, page["bands_crc32"], strict=True)
    wrong = [place for place, (here, there) in enumerate(bands) if here != there]
    there = [
        name[1]
        for name in told["names"]
        if name[3] == number and any(name[5] < (band + 1) * rows and name[5] + name[7] > band * rows for band in wrong)
    ]
    span = f"between {wrong[0] * rows} and {min((wrong[-1] + 1) * rows, image.height)} px from the top"
    names = ", ".join(there[:_TOLD]) + (f" and {len(there) - _TOLD:,} more" if len(there) > _TOLD else "")
    return [f"page {number} differs {span}" + (f", where these names stand: {names}" if there else "")]


def _manifest(record: Path) -> dict[str, Any]:
    try:
        told = json.loads(record.read_bytes())
        if not {"screen", "pages", "names"} <= set(told):
            raise VerifyError(f"{record} is no manifest of a boot screen.")
    except OSError as error:
        raise VerifyError(f"{record} cannot be read: {error.strerror}.") from None
    except (ValueError, TypeError):
        raise VerifyError(f"{record} is no manifest of a boot screen.") from None
    return dict(told)


def _pictures(out: Path) -> Iterator[tuple[int, Image.Image]]:
    """Page number and picture; a picture without a number is page 1."""
    try:
        if out.suffix == ".zip":
            yield from _of_archive(out)
        elif out.is_dir():
            for path in sorted(out.rglob("*")):
                if path.suffix in _PICTURES:
                    yield _number(path.stem), _opened(path.read_bytes())
        else:
            yield _number(out.stem), _opened(out.read_bytes())
    except OSError as error:
        raise VerifyError(f"{out} cannot be read: {error.strerror or error}.") from None
    except zipfile.BadZipFile:
        raise VerifyError(f"{out} is no zip archive.") from None


def _of_archive(out: Path) -> Iterator[tuple[int, Image.Image]]:
    with zipfile.ZipFile(out) as archive:
        frames = sorted(name for name in archive.namelist() if name.endswith(".png"))
        for page, name in enumerate(frames, start=1):
            yield page, _opened(archive.read(name))


def _opened(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data), formats=["PNG", "BMP", "TGA"]) as picture:
        picture.load()
        return picture


def _number(stem: str) -> int:
    found = _PAGE.search(stem)
    return int(found[1]) if found else 1
