"""The words that the command understands, each refused with a sentence that says what to write instead."""

import argparse
import os
import re
from collections.abc import Callable
from pathlib import Path

from boot_screen.outputs import FORMATS
from boot_screen.outputs.splash import MOST_OFFSET
from boot_screen.scene import DEFAULT_MIN_MM, DEFAULT_MIN_PX, FLOOR_PX, Order, Screen
from boot_screen.silhouette import known_silhouettes
from boot_screen.themes import THEMES


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m boot_screen",
        description="Draw a boot screen with everybody's name.",
        epilog="python -m boot_screen verify OUT MANIFEST tells whether pictures are still what they were.",
    )
    made.add_argument(
        "names",
        metavar="NAMES.csv",
        help="UTF-8, column name, perhaps id, section and weight; - reads standard input",
    )
    made.add_argument(
        "out",
        metavar="OUT",
        type=Path,
        help="a file (several pages become OUT-01.png, OUT-02.png ...), or a folder for several screens or formats",
    )
    _add_picture(made)
    _add_names(made)
    _add_files(made)
    return made


def _add_picture(made: argparse.ArgumentParser) -> None:
    add = made.add_argument_group("the picture").add_argument
    add(
        "--size",
        required=True,
        type=_size,
        action="append",
        metavar="WxH",
        help="the screen in pixels, such as 1080x2400; may be given several times",
    )
    add("--title", default="", help="above the names")
    add("--subtitle", default="", help="below the title, smaller")
    add("--footer", default="", help="below the names")
    add("--theme", default="lantern", metavar="FILE|NAME", help=f"a JSON file, or {', '.join(THEMES)}")
    add("--silhouette", metavar="FILE|NAME", help=f"an SVG or PNG, {', '.join(known_silhouettes())}, or none")


def _add_names(made: argparse.ArgumentParser) -> None:
    add = made.add_argument_group("the names").add_argument
    add(
        "--min-px",
        type=int,
        metavar="N",
        help=f"smallest type before another page is begun, in px (default {DEFAULT_MIN_PX} px and {DEFAULT_MIN_MM} mm,"
        f" never under {FLOOR_PX})",
    )
    add("--dpi", type=_number(30, 2400), metavar="N", help="pixels per inch of the screen, for the smallest type")
    add(
        "--order",
        choices=[each.value for each in Order],
        default=Order.GIVEN.value,
        help="of the names in a section; seniority puts the largest weight first",
    )
    add("--seed", type=int, metavar="N", help="shuffle names that nothing else puts in an order")
    add(
        "--no-system-fonts",
        dest="system_fonts",
        action="store_false",
        help="use only the fonts of this package, so that every machine draws the same pixels",
    )


def _add_files(made: argparse.ArgumentParser) -> None:
    add = made.add_argument_group("the files").add_argument
    add("--format", choices=FORMATS, action="append", help="png unless said otherwise; may be given several times")
    add("--manifest", type=Path, metavar="FILE", help="write where each name stands, as JSON")
    add("--dark", action="store_true", help="with bootanimation: also bootanimation-dark.zip, in the dark theme")
    add("--boot-theme", type=_slug, default="seedbed", metavar="NAME", help="name of a Plymouth or GRUB theme")
    add("--seconds", type=_number(0.1, 60), default=3.0, metavar="S", help="how long a page stands before the next")
    add(
        "--offset",
        type=_whole_number(0, MOST_OFFSET),
        default=0,
        metavar="BYTES",
        help="of the picture in a splash partition",
    )
    add(
        "--jobs",
        type=_whole_number(1, 64),
        default=os.cpu_count() or 1,
        metavar="N",
        help="processes that draw pages (default: one per core)",
    )


def verify_parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m boot_screen verify", description="Whether pictures are those that a manifest tells of."
    )
    made.add_argument("out", metavar="OUT", type=Path, help="a picture, a folder of pictures or a bootanimation.zip")
    made.add_argument("record", metavar="MANIFEST", type=Path)
    return made


def _size(text: str) -> Screen:
    found = re.fullmatch(r"([0-9]{1,5})[xX\u00d7]([0-9]{1,5})", text)
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} is no size; write WIDTHxHEIGHT in pixels, such as 1080x2400")
    return Screen(int(found[1]), int(found[2]))


def _slug(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,40}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no name for a theme; use a to z, digits and hyphens")
    return text


def _number(least: float, most: float) -> Callable[[str], float]:
    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = least - 1
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is none; write a number from {least:g} to {most:g}")
        return value

    return read


def _whole_number(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        value = int(text) if re.fullmatch(r"[0-9]{1,12}", text) else least - 1
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is none; write a whole number from {least} to {most}")
        return value

    return read
