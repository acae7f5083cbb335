"""What the command is asked to write, and where: every combination of a screen and a format has a path of its own."""

import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from boot_screen.draw import Master, Proof, render
from boot_screen.layout import Layout, lay_out
from boot_screen.manifest import manifest_json
from boot_screen.outputs import PAGE_FORMATS, Options, suffix_of, whole_file, write, write_set
from boot_screen.scene import Palette, Scene

KEPT_PIXELS = 200_000_000  # of pages held in memory for several formats; beyond that they are drawn again
NAMES = {"bootanimation": "bootanimation"}  # files whose name the device looks for
Told = Callable[[str, int, int], None]  # what is done, pages done, pages in all


@dataclass(frozen=True)
class Order:
    """One layout, and what becomes of it: (format, path) pairs, and a manifest if there is a path for it."""

    layout: Layout
    files: list[tuple[str, Path]]
    record: Path | None


def one_file(scene: Scene, form: str, out: Path, record: Path | None) -> list[Order]:
    """A single file, or files numbered by page, under the name that was asked for."""
    return [Order(lay_out(scene), [(form, out)], record)]


def a_folder(scenes: Iterable[Scene], forms: list[str], out: Path, dark: Palette | None) -> Iterator[Order]:
    """A folder for each screen, with a manifest. `dark`: the colours of a second bootanimation for dark mode."""
    for scene in scenes:
        folder = out / f"{scene.screen.width}x{scene.screen.height}"
        folder.mkdir(parents=True, exist_ok=True)
        files = [(form, folder / (NAMES.get(form, _name(form)) + suffix_of(form))) for form in forms]
        yield Order(lay_out(scene), files, folder / "manifest.json")
        if dark is not None:
            night = replace(scene, palette=dark)
            yield Order(lay_out(night), [("bootanimation", folder / "bootanimation-dark.zip")], None)


def _name(form: str) -> str:
    return "boot-screen" if suffix_of(form) else form


def page_paths(out: Path, pages: int) -> list[Path]:
    """OUT.png for one page; OUT-01.png, OUT-02.png ... for more, with as many digits as the count needs."""
    if pages == 1:
        return [out]
    digits = max(2, len(str(pages)))
    return [out.with_name(f"{out.stem}-{page:0{digits}}{out.suffix}") for page in range(1, pages + 1)]


def older_pages(written: list[Path]) -> list[Path]:
    """Pages that an earlier drawing left under the same name: whoever takes all of them takes a mixed set."""
    names = {
        (path.parent, re.sub(r"-[0-9]{2,}$", "", path.stem), path.suffix)
        for path in written
        if path.suffix and path.suffix != ".json"
    }
    found: set[Path] = set()
    for folder, stem, suffix in names:
        pattern = re.compile(rf"{re.escape(stem)}(-[0-9]{{2,3}})?{re.escape(suffix)}")
        found |= {beside for beside in folder.iterdir() if pattern.fullmatch(beside.name)}
    return sorted(found - set(written))


def carry_out(order: Order, options: Options, jobs: int, told: Told) -> list[Path]:
    """Draw and write; returns the files and folders that were written. Raises OSError and ValueError."""
    layout = order.layout
    masters = _Masters(layout, jobs, told)
    written: list[Path] = []
    for form, path in order.files:
        if form in PAGE_FORMATS:
            paths = page_paths(path, len(layout.pages))
            for master, page_path in zip(masters.pages(form), paths, strict=True):
                write(master, form, page_path, options)
            written += paths
        else:
            write_set(layout, masters.pages(form), form, path, options)
            written.append(path)
    if order.record:
        proofs = masters.proofs()
        with whole_file(order.record) as file:
            for piece in manifest_json(layout, proofs):
                file.write(piece)
        written.append(order.record)
    return written


class _Masters:
    """The pages of a layout for one format after the other, kept if they are few."""

    def __init__(self, layout: Layout, jobs: int, told: Told) -> None:
        self._layout, self._jobs, self._told = layout, jobs, told
        screen = layout.scene.screen
        self._keeps = len(layout.pages) * screen.width * screen.height <= KEPT_PIXELS
        self._kept: list[Master] = []
        self._proofs: dict[int, Proof] = {}

    def pages(self, form: str) -> Iterator[Master]:
        count = len(self._layout.pages)
        for master in self._kept if len(self._kept) == count else self._drawn():
            self._proofs[master.page] = master.proof()
            self._told(form, master.page, count)
            yield master

    def proofs(self) -> dict[int, Proof]:
        """Of all pages; those that no format asked for are drawn for it."""
        if len(self._proofs) < len(self._layout.pages):
            for _ in self.pages("manifest"):
                pass
        return self._proofs

    def _drawn(self) -> Iterator[Master]:
        kept: list[Master] = []
        for master in render(self._layout, jobs=self._jobs):
            if self._keeps:
                kept.append(master)
            yield master
        self._kept = kept


class Bar:
    """Progress on a terminal, from the second second on."""

    def __init__(self, write_to: Callable[[str], object] | None) -> None:
        self._write, self._began, self._shown = write_to, time.monotonic(), False

    def __call__(self, what: str, done: int, total: int) -> None:
        if self._write is None or total < 2 or (time.monotonic() - self._began < 1 and not self._shown):
            return
        self._shown = True
        filled = done * 30 // total
        self._write(f"\r{what:13} [{'#' * filled}{'.' * (30 - filled)}] {done} of {total} pages")
        if done == total:
            self._write("\n")
