"""Pages to write, and pictures that no page would hold but an encoder must stand."""

from functools import cache
from pathlib import Path

from hypothesis import strategies as st
from PIL import Image

from boot_screen import Layout, Master, Options, Screen, lay_out, render, write
from tests.boot_screen.scenes import MIXED, many, scene

ODD = Screen(481, 323)  # no line is a multiple of four bytes
Pixel = tuple[int, int, int]


@cache
def three_pages() -> tuple[Layout, tuple[Master, ...]]:
    layout = lay_out(scene(*MIXED, *many(350), title="谢谢你们"))
    return layout, tuple(render(layout))


@cache
def odd_page() -> Master:
    return next(render(lay_out(scene(*MIXED, screen=ODD, title="谢谢"))))


def written(master: Master, form: str, folder: Path, offset: int = 0) -> bytes:
    path = folder / "page"
    write(master, form, path, Options(offset=offset))
    return path.read_bytes()


def blank(width: int, height: int) -> Master:
    image = Image.new("P", (width, height))
    image.putpalette([20, 16, 15])
    return Master(image, 1)


def rgb(image: Image.Image) -> list[Pixel]:
    """The pixels from the top left, row by row."""
    values = image.convert("RGB").tobytes()
    return list(zip(values[::3], values[1::3], values[2::3], strict=True))


@st.composite
def pictures(draw: st.DrawFn) -> Master:
    """Stretches of one colour and of many, longer than any encoder's longest run; some colours stand twice."""
    width, height = draw(st.integers(1, 400)), draw(st.integers(1, 4))
    runs = draw(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 300)), max_size=20))
    indexes = b"".join(bytes((colour,)) * length for colour, length in runs) or b"\0"
    indexes = (indexes * (width * height // len(indexes) + 1))[: width * height]
    image = Image.frombytes("P", (width, height), indexes)
    image.putpalette([20, 16, 15, 243, 232, 215, 20, 16, 15, 255, 255, 255, 0, 0, 0, 21, 17, 15])
    return Master(image, 1)
