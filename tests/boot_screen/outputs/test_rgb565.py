import struct
from functools import cache
from itertools import chain, pairwise, repeat
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from PIL import Image

from boot_screen import Master
from tests.boot_screen.outputs.pages import blank, odd_page, pictures, rgb, written


@cache
def nearest(part: int, bits: int) -> int:
    """Looked for among all that there are."""
    return min(range(2**bits), key=lambda step: abs(step / (2**bits - 1) - part / 255))


def words(image: Image.Image) -> list[int]:
    return [nearest(red, 5) << 11 | nearest(green, 6) << 5 | nearest(blue, 5) for red, green, blue in rgb(image)]


def unpacked(file: bytes) -> list[int]:
    return list(chain.from_iterable(repeat(word, count) for count, word in struct.iter_unpack("<HH", file)))


def test_rgb565_is_nothing_but_the_nearest_pixels(tmp_path: Path) -> None:
    file = written(odd_page(), "rgb565", tmp_path)
    assert [word for (word,) in struct.iter_unpack("<H", file)] == words(odd_page().image)


def test_rle_holds_the_same_pixels_in_fewer_bytes(tmp_path: Path) -> None:
    file = written(odd_page(), "rle", tmp_path)
    assert unpacked(file) == words(odd_page().image)
    assert len(file) < 2 * odd_page().image.width * odd_page().image.height


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pictures())
def test_rle_holds_any_picture_in_as_few_runs_as_there_are(tmp_path: Path, master: Master) -> None:
    file = written(master, "rle", tmp_path)
    pixels = words(master.image)
    assert unpacked(file) == pixels
    assert len(file) // 4 == 1 + sum(one != other for one, other in pairwise(pixels))


def test_no_run_is_longer_than_its_count_can_say(tmp_path: Path) -> None:
    file = written(blank(400, 400), "rle", tmp_path)
    assert [count for count, _ in struct.iter_unpack("<HH", file)] == [65535, 65535, 28930]
