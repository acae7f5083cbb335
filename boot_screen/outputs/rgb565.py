"""16 bits per pixel, little-endian: five of red on top, six of green, five of blue, each the nearest there is."""

import re
import struct
from collections.abc import Sequence
from typing import BinaryIO

from PIL import Image

from boot_screen.outputs.indexes import colours, merged
from boot_screen.scene import Colour

_RUNS = re.compile(rb"(.)\1{0,65534}", re.DOTALL)


def save_rgb565(image: Image.Image, file: BinaryIO) -> None:
    """The pixels from the top left, row by row, and nothing else."""
    indexes, words = image.tobytes(), [_word(colour) for colour in colours(image)]
    pixels = bytearray(2 * len(indexes))
    pixels[::2] = indexes.translate(bytes(word & 0xFF for word in words).ljust(256, b"\0"))
    pixels[1::2] = indexes.translate(bytes(word >> 8 for word in words).ljust(256, b"\0"))
    file.write(pixels)


def save_rle(image: Image.Image, file: BinaryIO) -> None:
    """565rle: pairs of a count and a pixel, 16 bits each; runs go on over the ends of lines."""
    words = [_word(colour) for colour in colours(image)]
    pairs = _Pairs(words)
    runs = map(re.Match.group, _RUNS.finditer(merged(image, words)))
    file.write(b"".join(map(pairs.__getitem__, runs)))


class _Pairs(dict[bytes, bytes]):
    """The pair for a run of indexes, each made once: a picture of names has few different runs, and many of each."""

    def __init__(self, words: Sequence[int]) -> None:
        self._words = words

    def __missing__(self, run: bytes) -> bytes:
        pair = self[run] = struct.pack("<HH", len(run), self._words[run[0]])
        return pair


def _word(colour: Colour) -> int:
    red, green, blue = colour
    return round(red * 31 / 255) << 11 | round(green * 63 / 255) << 5 | round(blue * 31 / 255)
