"""The commands: `python -m boot_screen NAMES.csv OUT --size 1080x2400`; `python -m boot_screen verify OUT MANIFEST`."""

import argparse
import sys
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from boot_screen.command_line import parser, verify_parser
from boot_screen.layout import Layout
from boot_screen.names_csv import NamesError, read_names
from boot_screen.orders import Bar, Order, a_folder, carry_out, older_pages, one_file
from boot_screen.outputs import Options, OutputError, suffix_of, unfit
from boot_screen.scene import FLOOR_PX, Scene, SceneError
from boot_screen.scene import Order as NamesOrder
from boot_screen.themes import THEMES, ThemeError, silhouette_of, theme
from boot_screen.verify import VerifyError, differences

DIFFERS, BAD_INPUT, CANNOT_WRITE = 1, 2, 3


def main(arguments: list[str] | None = None) -> int:
    """0: drawn, or all as told; 1: a picture is not what its manifest says; 2: the command, the names or the scene
    cannot be used; 3: a file cannot be written."""
    words = sys.argv[1:] if arguments is None else arguments
    if words[:1] == ["verify"]:
        return _verify(words[1:])
    asked = parser().parse_args(words)
    try:
        for order in _orders(asked):
            written = carry_out(order, _options(asked), asked.jobs, Bar(_terminal()))
            _say_what(order.layout, written)
            if older := older_pages(written):
                names = ", ".join(path.name for path in older)
                print(f"Pages of an earlier drawing lie beside them: {names}. Remove them.", file=sys.stderr)
            _report(order.layout)
    except (NamesError, SceneError, ThemeError, ValueError) as error:
        return _fail(str(error), BAD_INPUT)
    except OSError as error:
        where = error.filename2 or error.filename or asked.out
        return _fail(
            f"{where} cannot be written: {error.strerror}. Choose a folder that exists and is yours.", CANNOT_WRITE
        )
    return 0


def _orders(asked: argparse.Namespace) -> Iterable[Order]:
    forms = list(dict.fromkeys(asked.format or ["png"]))
    palette, silhouette, dark = theme(asked.theme)
    if asked.silhouette is not None:
        silhouette = silhouette_of(asked.silhouette)
    scenes = [
        Scene(
            [],
            replace(size, dpi=asked.dpi),
            title=asked.title,
            subtitle=asked.subtitle,
            footer=asked.footer,
            palette=palette,
            silhouette=silhouette,
            min_px=asked.min_px,
            order=NamesOrder(asked.order),
            seed=asked.seed,
            system_fonts=asked.system_fonts,
        )
        for size in dict.fromkeys(asked.size)
    ]
    for reason in (unfit(form, scene.screen) for scene in scenes for form in forms):
        if reason:
            raise OutputError(reason)
    single = _is_one_file(asked.out, forms, len(scenes))
    if asked.manifest and not single:
        raise SceneError("Each screen's folder gets its manifest.json; leave --manifest out.")
    if asked.dark and (single or "bootanimation" not in forms or not dark):
        raise SceneError(
            "--dark adds bootanimation-dark.zip: ask for a folder, --format bootanimation and a light theme that has a "
            f"dark one ({', '.join(name for name, one in THEMES.items() if one.dark)})."
        )
    names = read_names(asked.names)
    scenes = [replace(scene, names=names) for scene in scenes]
    for scene in scenes:
        scene.check()
    if single:
        return one_file(scenes[0], forms[0], asked.out, asked.manifest)
    return a_folder(scenes, forms, asked.out, theme(dark)[0] if asked.dark else None)


def _is_one_file(out: Path, forms: list[str], sizes: int) -> bool:
    """Whether OUT is the file to write; else it is a folder. Raises SceneError for a name that is neither."""
    if not out.suffix or out.is_dir():
        return False
    endings = " or ".join(sorted({suffix_of(form) for form in forms} - {""}))
    if len(forms) > 1 or sizes > 1:
        raise SceneError(f"Several files go into a folder, and {out} is no name for one. Leave out {out.suffix}.")
    if out.suffix.lower() != endings:
        raise SceneError(f"{out} is no name for {forms[0]}. Let it end in {endings or 'nothing'}.")
    return True


def _options(asked: argparse.Namespace) -> Options:
    return Options(theme=asked.boot_theme, seconds=asked.seconds, offset=asked.offset)


def _verify(words: list[str]) -> int:
    asked = verify_parser().parse_args(words)
    try:
        said = differences(asked.out, asked.record)
    except VerifyError as error:
        return _fail(str(error), BAD_INPUT)
    for line in said:
        print(line)
    if not said:
        print(f"{asked.out}: every pixel as {asked.record} says")
    return DIFFERS if said else 0


def _terminal() -> Callable[[str], object] | None:
    return sys.stderr.write if sys.stderr.isatty() else None


def _say_what(layout: Layout, paths: list[Path]) -> None:
    count = len(layout.names)
    names = "1 name" if count == 1 else f"{count:,} names"
    where = f"{paths[0]}" if len(paths) == 1 else f"{paths[0]} to {paths[-1].name}"
    pages = len(layout.pages)
    print(f"{where}: {names} at {layout.px} px" + (f" on {pages} pages" if pages > 1 else ""))
    if pages > 1:
        smallest = layout.scene.least_px
        print(f"(one page would need type smaller than {smallest} px; --min-px {FLOOR_PX} is the least allowed)")


def _report(layout: Layout) -> None:
    """Every change, and every script drawn from this machine's fonts, on standard error."""
    for where, changes in (("title or footer", layout.header.changes), ("heading", layout.heading_changes)):
        for change in sorted(changes):
            print(f"{where}: {change}", file=sys.stderr)
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


if __name__ == "__main__":
    sys.exit(main())
