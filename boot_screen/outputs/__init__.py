"""Pictures as files that devices consume.

A page format (`write`) makes one file of one page; a set format (`write_set`) makes one file or folder of all pages.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from boot_screen.draw import Master
from boot_screen.layout import Layout
from boot_screen.outputs.bmp import save_bmp
from boot_screen.outputs.bootanimation import save_bootanimation
from boot_screen.outputs.encoded import png_of
from boot_screen.outputs.find_me import save_find_me
from boot_screen.outputs.grub import save_grub
from boot_screen.outputs.pdf import save_pdf
from boot_screen.outputs.plymouth import save_plymouth
from boot_screen.outputs.rgb565 import save_rgb565, save_rle
from boot_screen.outputs.splash import save_splash
from boot_screen.outputs.tga import HIGHEST, WIDEST, save_tga
from boot_screen.outputs.whole import OutputError, whole_file
from boot_screen.scene import Screen

__all__ = [
    "FORMATS",
    "LARGEST_SCREENS",
    "PAGE_FORMATS",
    "SET_FORMATS",
    "Options",
    "OutputError",
    "suffix_of",
    "unfit",
    "whole_file",
    "write",
    "write_set",
]


@dataclass(frozen=True, slots=True)
class Options:
    """What some formats want to know beside the picture.

    `theme` names the boot theme's folder and files (letters, digits, hyphens); `seconds` is how long a page stands
    before the next one; `offset` is the position of the picture in a splash partition, in bytes.
    """

    theme: str = "seedbed"
    seconds: float = 3.0
    offset: int = 0


PageWriter = Callable[[Master, BinaryIO, Options], object]
SetWriter = Callable[[Layout, Iterable[Master], Path, Options], None]

PAGE_FORMATS: dict[str, tuple[str, PageWriter]] = {
    "png": (".png", lambda master, file, _options: file.write(png_of(master))),
    "bmp": (".bmp", lambda master, file, _options: save_bmp(master.image, file)),
    "pi-tga": (".tga", lambda master, file, _options: save_tga(master.image, file)),
    "splash-img": (".img", lambda master, file, options: save_splash(master.image, file, options.offset)),
    "rgb565": (".rgb565", lambda master, file, _options: save_rgb565(master.image, file)),
    "rle": (".rle", lambda master, file, _options: save_rle(master.image, file)),
}
SET_FORMATS: dict[str, tuple[str, SetWriter]] = {
    "bootanimation": (
        ".zip",
        lambda layout, masters, path, options: save_bootanimation(layout, masters, path, options.seconds),
    ),
    "plymouth": (
        "",
        lambda layout, masters, path, options: save_plymouth(layout, masters, path, options.theme, options.seconds),
    ),
    "grub": ("", lambda layout, masters, path, options: save_grub(layout, masters, path, options.theme)),
    "pdf": (".pdf", lambda layout, masters, path, _options: save_pdf(layout, masters, path)),
    "find-me": (".html", lambda layout, masters, path, _options: save_find_me(layout, masters, path)),
}
FORMATS = (*PAGE_FORMATS, *SET_FORMATS)
LARGEST_SCREENS = {"pi-tga": Screen(WIDEST, HIGHEST)}  # of formats whose devices show no larger picture


def unfit(form: str, screen: Screen) -> str | None:
    """Why a format cannot be written for a screen, and what to do; None when it can. To be asked before drawing.

    Raises ValueError for an unknown format.
    """
    suffix_of(form)
    most = LARGEST_SCREENS.get(form)
    if most is None or (screen.width <= most.width and screen.height <= most.height):
        return None
    return (
        f"{form} shows at most {most.width}x{most.height} pixels, not {screen.width}x{screen.height}. "
        "Draw it for a smaller screen, or leave the format out."
    )


def suffix_of(form: str) -> str:
    """How the names of a format's files end; empty for a folder. Raises ValueError for an unknown format."""
    known = PAGE_FORMATS.get(form) or SET_FORMATS.get(form)
    if known is None:
        raise ValueError(f"There is no format {form!r}; there is {', '.join(FORMATS)}.")
    return known[0]


def write(master: Master, form: str, path: Path, options: Options = Options()) -> None:
    """Write one page in one of PAGE_FORMATS. The file is there whole or not at all.

    Raises ValueError for an unknown format, OutputError for a picture or an option that the format cannot hold, and
    OSError when the file cannot be written.
    """
    suffix_of(form)
    if form not in PAGE_FORMATS:
        raise ValueError(f"{form} holds all pages: write_set makes it.")
    with whole_file(path) as file:
        PAGE_FORMATS[form][1](master, file, options)


def write_set(
    layout: Layout,
    masters: Iterable[Master],
    form: str,
    path: Path,
    options: Options = Options(),
) -> None:
    """Write all pages in one of SET_FORMATS, as the file or folder `path`; the file is there whole or not at all.

    `masters` are the layout's pages in order; they are asked for one after the other. Raises as `write` does.
    """
    suffix_of(form)
    if form not in SET_FORMATS:
        raise ValueError(f"{form} makes a file of each page: write makes it.")
    SET_FORMATS[form][1](layout, masters, path, options)
