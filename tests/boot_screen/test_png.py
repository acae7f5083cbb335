from io import BytesIO

import pytest
from PIL import Image

from boot_screen.png import png_bytes


def picture(width: int, height: int) -> Image.Image:
    made = Image.new("P", (width, height))
    made.putpalette(bytes(range(256)) * 3)
    made.putdata([(x * 7 + y * 3) % 250 for y in range(height) for x in range(width)])
    return made


@pytest.mark.parametrize("height", [1, 2, 4, 5, 6, 97])
def test_another_reader_finds_the_same_picture(height: int) -> None:
    drawn = picture(31, height)
    png = png_bytes(drawn)
    Image.open(BytesIO(png)).verify()
    read = Image.open(BytesIO(png))
    assert (read.mode, read.size, read.info.get("interlace")) == ("P", drawn.size, None)
    assert read.tobytes() == drawn.tobytes()
    assert read.getpalette() == drawn.getpalette()
    assert png[24] == 8  # bits per pixel, as GRUB wants them


def test_the_bytes_do_not_depend_on_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = picture(200, 300)
    many = png_bytes(drawn)
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    assert png_bytes(drawn) == many
