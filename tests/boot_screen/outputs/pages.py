"""Pages to write, and pictures that no page would hold but an encoder must stand."""

import subprocess
import sys
from functools import cache
from pathlib import Path

from hypothesis import strategies as st
from PIL import Image

from boot_screen import Layout, Master, Options, Screen, lay_out, render, write
from boot_screen.outputs import suffix_of
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


def made_under_two_hash_seeds(form: str, folder: Path) -> list[bytes]:
    """The same set, made by two processes whose sets and dictionaries stand in another order."""
    program = (
        "import sys; from pathlib import Path; from boot_screen import *; from tests.boot_screen.scenes import *;"
        "layout = lay_out(scene(*MIXED, 'a\\nb', *many(50), title='谢谢'));"
        f"write_set(layout, render(layout), '{form}', Path(sys.argv[1]))"
    )
    paths = [folder / f"{seed}{suffix_of(form)}" for seed in (1, 2)]
    for seed, path in enumerate(paths, start=1):
        subprocess.run([sys.executable, "-c", program, str(path)], env={"PYTHONHASHSEED": str(seed)}, check=True)
    return [path.read_bytes() for path in paths]


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
