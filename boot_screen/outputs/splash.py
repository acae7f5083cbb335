"""splash.img, which Qualcomm's boot loader shows: a header of one block, then the pixels in whole blocks."""

import re
import struct
from collections.abc import Iterator
from typing import BinaryIO

from PIL import Image

from boot_screen.outputs.indexes import colours, merged
from boot_screen.outputs.whole import OutputError

BLOCK = 512
RAW, RLE24 = 0, 1
MOST_OFFSET = 64 * 1024 * 1024
# Runs of two to 128 pixels, else as many as 128 pixels of which none is like the next.
_PIECES = re.compile(rb"(.)\1{1,127}|(?:(.)(?!\2)){1,128}", re.DOTALL)

_HEADS = [[bytes((flag | max(0, count - 1),)) for count in range(129)] for flag in (0, 0x80)]  # of pixels, of a run


def save_splash(image: Image.Image, file: BinaryIO, offset: int) -> None:
    """Run lengths where they are shorter, else raw. `offset` zero bytes come before the header.

    Devices differ in where in the splash partition the header must stand. Raises OutputError for a wrong offset.
    """
    if not 0 <= offset <= MOST_OFFSET:
        raise OutputError(f"The offset of a splash picture must be 0 to {MOST_OFFSET:,} bytes, not {offset:,}.")
    raw = image.convert("RGB").tobytes("raw", "BGR")
    packed = b"".join(_packed(image, raw))
    kind, body = (RLE24, packed) if len(packed) < len(raw) else (RAW, raw)
    blocks = -(-len(body) // BLOCK)
    file.write(bytes(offset))
    file.write(struct.pack("<8s4I", b"SPLASH!!", image.width, image.height, kind, blocks).ljust(BLOCK, b"\0"))
    file.write(body.ljust(blocks * BLOCK, b"\0"))


def _packed(image: Image.Image, raw: bytes) -> Iterator[bytes]:
    """RLE24: per line, n - 1 and n pixels, or 128 + n - 1 and one pixel that stands for n."""
    indexes = merged(image, colours(image))
    for line in range(0, len(indexes), image.width):
        for piece in _PIECES.finditer(indexes, line, line + image.width):
            start, end = piece.span()
            run = piece.lastindex == 1
            yield _HEADS[run][end - start]
            yield raw[3 * start : 3 * (start + 1 if run else end)]
