import struct
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from PIL import Image

from boot_screen import Master, Options, write
from boot_screen.outputs import OutputError
from tests.boot_screen.outputs.pages import Pixel, odd_page, pictures, rgb, three_pages, written


def decoded(file: bytes) -> list[Pixel]:
    """The pixels from the top left, as Qualcomm's boot loader reads them: no run goes over the end of a line."""
    magic, width, height, kind, blocks = struct.unpack_from("<8s4I", file)
    assert magic == b"SPLASH!!"
    assert not any(file[24:512])
    assert len(file) == 512 + 512 * blocks
    if kind == 0:
        body = file[512 : 512 + 3 * width * height]
        return pixels(body)
    assert kind == 1
    lines, at = [], 512
    for _ in range(height):
        line, at = unpacked(file, at, width)
        lines += line
    assert len(file) - at < 512
    return lines


def unpacked(file: bytes, at: int, width: int) -> tuple[list[Pixel], int]:
    """One line of RLE24, and where the next begins."""
    line: list[Pixel] = []
    while len(line) < width:
        control, at = file[at], at + 1
        count = (control & 0x7F) + 1
        if control & 0x80:
            line += pixels(file[at : at + 3]) * count
            at += 3
        else:
            line += pixels(file[at : at + 3 * count])
            at += 3 * count
    assert len(line) == width
    return line, at


def pixels(bgr: bytes) -> list[Pixel]:
    return list(zip(bgr[2::3], bgr[1::3], bgr[::3], strict=True))


@pytest.mark.parametrize("master", [odd_page(), three_pages()[1][0]], ids=["odd", "even"])
def test_the_boot_loader_reads_the_page_from_run_lengths(master: Master, tmp_path: Path) -> None:
    file = written(master, "splash-img", tmp_path)
    assert struct.unpack_from("<3I", file, 8) == (*master.image.size, 1)
    assert len(file) < 3 * master.image.width * master.image.height
    assert decoded(file) == rgb(master.image)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pictures())
def test_the_boot_loader_reads_any_picture(tmp_path: Path, master: Master) -> None:
    assert decoded(written(master, "splash-img", tmp_path)) == rgb(master.image)


def test_a_picture_that_run_lengths_would_make_longer_stays_raw(tmp_path: Path) -> None:
    image = Image.frombytes("P", (5, 300), bytes(range(5)) * 300)
    image.putpalette([part for colour in range(5) for part in (colour, 9, 9)])
    file = written(Master(image, 1), "splash-img", tmp_path)
    assert file[16] == 0
    assert decoded(file) == rgb(image)


def test_the_offset_comes_before_the_header_and_changes_nothing_else(tmp_path: Path) -> None:
    plain = written(odd_page(), "splash-img", tmp_path)
    assert written(odd_page(), "splash-img", tmp_path, offset=4096) == bytes(4096) + plain


@pytest.mark.parametrize("offset", [-1, 64 * 1024 * 1024 + 1])
def test_an_offset_beyond_any_partition_is_refused(offset: int, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="must be 0 to 67,108,864 bytes"):
        write(odd_page(), "splash-img", tmp_path / "splash.img", Options(offset=offset))
    assert list(tmp_path.iterdir()) == []
