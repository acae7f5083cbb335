import struct
from pathlib import Path

import pytest
from PIL import Image

from boot_screen import LANTERN, Master, write
from boot_screen.outputs import OutputError
from tests.boot_screen.outputs.pages import Pixel, blank, odd_page, rgb, written


def decoded(file: bytes) -> list[Pixel]:
    """The pixels from the top left, read by the rules of Raspberry Pi's kernel."""
    identity, colour_map, kind, width, height, bits, descriptor = struct.unpack_from("<BBB9xHHBB", file)
    assert (colour_map, kind, bits) == (0, 2, 24)
    start, stride = 18 + identity, 3 * width
    lines = [file[start + y * stride : start + (y + 1) * stride] for y in range(height)]
    if not descriptor & 0x20:
        lines.reverse()
    return [(line[x + 2], line[x + 1], line[x]) for line in lines for x in range(0, stride, 3)]


def test_a_pi_reads_the_page_and_finds_the_ground_at_its_first_pixel(tmp_path: Path) -> None:
    file = written(odd_page(), "pi-tga", tmp_path)
    assert decoded(file) == rgb(odd_page().image)
    assert file[18:21] == bytes(reversed(LANTERN.ground))
    assert len(set(decoded(file))) < 224


@pytest.mark.parametrize("size", [(1921, 1080), (1920, 1081), (1080, 2400)])
def test_a_picture_too_large_for_a_pi_is_refused(size: tuple[int, int], tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=f"at most 1920x1080, not {size[0]}x{size[1]}"):
        write(blank(*size), "pi-tga", tmp_path / "logo.tga")
    assert list(tmp_path.iterdir()) == []


def test_the_largest_picture_for_a_pi_is_written(tmp_path: Path) -> None:
    assert len(written(blank(1920, 1080), "pi-tga", tmp_path)) >= 18 + 3 * 1920 * 1080


@pytest.mark.parametrize("colours", [223, 224])
def test_as_many_colours_as_would_break_a_pi_are_refused(colours: int, tmp_path: Path) -> None:
    image = Image.frombytes("P", (colours, 1), bytes(range(colours)))
    image.putpalette([part for colour in range(colours) for part in (colour, 0, 0)])
    if colours < 224:
        assert written(Master(image, 1), "pi-tga", tmp_path)
        return
    with pytest.raises(OutputError, match="at most 223 colours, not 224"):
        write(Master(image, 1), "pi-tga", tmp_path / "logo.tga")
