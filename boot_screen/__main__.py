"""The command: `python -m boot_screen NAMES.csv OUT.png --size 1080x2400 --title "..."`."""

import argparse
import json
import re
import sys
import unicodedata
from collections import Counter
from pathlib import Path

from boot_screen.draw import render
from boot_screen.layout import Layout, lay_out
from boot_screen.manifest import manifest
from boot_screen.names_csv import NamesError, read_names
from boot_screen.outputs import whole_file, write
from boot_screen.scene import DEFAULT_MIN_PX, FLOOR_PX, Scene, SceneError, Screen

BAD_INPUT, CANNOT_WRITE = 2, 3


def main(arguments: list[str] | None = None) -> int:
    """0: drawn; 2: the command, the names or the scene cannot be used; 3: a file cannot be written."""
    asked = _parser().parse_args(arguments)
    if asked.out.suffix.lower() != ".png":
        return _fail(f"{asked.out} is no name for a PNG. Let it end in .png.", BAD_INPUT)
    try:
        names = read_names(asked.names)
        scene = Scene(
            names,
            asked.size,
            title=asked.title,
            subtitle=asked.subtitle,
            min_px=asked.min_px,
            system_fonts=asked.system_fonts,
        )
        layout = lay_out(scene)
    except (NamesError, SceneError) as error:
        return _fail(str(error), BAD_INPUT)
    try:
        _draw(layout, asked.out, asked.manifest)
    except OSError as error:
        where = error.filename2 or error.filename or asked.out
        return _fail(
            f"{where} cannot be written: {error.strerror}. Choose a folder that exists and is yours.", CANNOT_WRITE
        )
    _report(layout)
    return 0


def page_paths(out: Path, pages: int) -> list[Path]:
    """OUT.png for one page; OUT-01.png, OUT-02.png ... for more, with as many digits as the count needs."""
    if pages == 1:
        return [out]
    digits = max(2, len(str(pages)))
    return [out.with_name(f"{out.stem}-{page:0{digits}}{out.suffix}") for page in range(1, pages + 1)]


def _draw(layout: Layout, out: Path, record: Path | None) -> None:
    paths = page_paths(out, len(layout.pages))
    pixels: dict[int, str] = {}
    for master, path in zip(render(layout), paths, strict=True):
        write(master, "png", path)
        if record:
            pixels[master.page] = master.sha256()
        if len(paths) > 1 and sys.stderr.isatty():
            print(f"\rpage {master.page} of {len(paths)}", end="", file=sys.stderr, flush=True)
    if len(paths) > 1 and sys.stderr.isatty():
        print(file=sys.stderr)
    if record:
        with whole_file(record) as file:
            file.write(json.dumps(manifest(layout, pixels), ensure_ascii=True, separators=(",", ":")).encode())
    _say_what(layout, paths)


def _say_what(layout: Layout, paths: list[Path]) -> None:
    count = len(layout.scene.names)
    names = "1 name" if count == 1 else f"{count:,} names"
    if len(paths) == 1:
        print(f"{paths[0]}: {names} at {layout.px} px")
        return
    smallest = layout.scene.min_px
    print(f"{paths[0]} to {paths[-1].name}: {names} at {layout.px} px on {len(paths)} pages")
    print(f"(one page would need type smaller than {smallest} px; --min-px {FLOOR_PX} is the least allowed)")


def _report(layout: Layout) -> None:
    """Every change, and every script drawn from this machine's fonts, on standard error."""
    for change in sorted(layout.header.changes):
        print(f"title: {change}", file=sys.stderr)
    for name in layout.changed():
        what = "; ".join(sorted(name.changes))
        print(f"{name.id}: {_plain(name.original)} is shown as {_plain(name.line.text)}: {what}", file=sys.stderr)
    for clusters, what in (
        (layout.borrowed(), "drawn with this machine's fonts; other machines may draw them differently"),
        (layout.uncovered(), "covered by no font; install fonts for them to have them drawn"),
    ):
        for script, count in sorted(Counter(map(_script, clusters)).items()):
            print(f"{script}: {count} different characters {what}", file=sys.stderr)


def _fail(message: str, code: int) -> int:
    print(message, file=sys.stderr)
    return code


def _plain(text: str) -> str:
    """Safe for a terminal and no longer than a line."""
    shown = text if text.isprintable() else ascii(text)[1:-1]
    return shown if len(shown) <= 60 else shown[:59] + "\u2026"


def _script(cluster: str) -> str:
    return unicodedata.name(cluster[0], "UNNAMED").split()[0].title()


def _size(text: str) -> Screen:
    found = re.fullmatch(r"([0-9]{1,5})[xX\u00d7]([0-9]{1,5})", text)
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} is no size; write WIDTHxHEIGHT in pixels, such as 1080x2400")
    return Screen(int(found[1]), int(found[2]))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m boot_screen", description="Draw a boot screen with everybody's name."
    )
    parser.add_argument("names", metavar="NAMES.csv", help="UTF-8, column name, perhaps id; - reads standard input")
    parser.add_argument("out", metavar="OUT.png", type=Path, help="several pages become OUT-01.png, OUT-02.png ...")
    parser.add_argument(
        "--size", required=True, type=_size, metavar="WxH", help="the screen in pixels, such as 1080x2400"
    )
    parser.add_argument("--title", default="", help="above the names")
    parser.add_argument("--subtitle", default="", help="below the title, smaller")
    parser.add_argument(
        "--min-px",
        type=int,
        default=DEFAULT_MIN_PX,
        metavar="N",
        help=f"smallest type before another page is begun (default {DEFAULT_MIN_PX}, never under {FLOOR_PX})",
    )
    parser.add_argument("--manifest", type=Path, metavar="FILE", help="write where each name stands, as JSON")
    parser.add_argument(
        "--no-system-fonts",
        dest="system_fonts",
        action="store_false",
        help="use only the fonts of this package, so that every machine draws the same pixels",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
