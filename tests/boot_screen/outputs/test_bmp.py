import struct
from pathlib import Path

import pytest

from boot_screen import Master
from tests.boot_screen.outputs.pages import Pixel, odd_page, rgb, three_pages, written


def decoded(file: bytes) -> list[Pixel]:
    """The pixels from the top left, of a file that firmware takes: one plane, 24 bits, not compressed, bottom up."""
    magic, size, start = struct.unpack_from("<2sI4xI", file)
    header, width, height, planes, bits, compression = struct.unpack_from("<IiiHHI", file, 14)
    assert (magic, size, header) == (b"BM", len(file), 40)
    assert (planes, bits, compression) == (1, 24, 0)
    assert height > 0
    stride = (3 * width + 3) // 4 * 4
    assert size == start + stride * height
    lines = (file[start + y * stride : start + y * stride + 3 * width] for y in reversed(range(height)))
    return [(line[x + 2], line[x + 1], line[x]) for line in lines for x in range(0, 3 * width, 3)]


@pytest.mark.parametrize("master", [odd_page(), three_pages()[1][0]], ids=["odd", "even"])
def test_a_bmp_holds_the_page_as_firmware_reads_it(master: Master, tmp_path: Path) -> None:
    file = written(master, "bmp", tmp_path)
    assert struct.unpack_from("<ii", file, 18) == master.image.size
    assert decoded(file) == rgb(master.image)
