"""From a layout to indexed pictures, one per page.

Each picture is built from two planes: how much ink (0 to 255) and which ink (the first index of its ramp). A silhouette
chooses the ink of what lies inside it. Emoji are laid on top with indexes of their own. So a picture has at most
5 x 31 + 64 colours, which every boot chain can show.
"""

import hashlib
import multiprocessing
import zlib
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from math import ceil
from typing import Any, NamedTuple

from PIL import Image, ImageChops, ImageDraw

from boot_screen.cycles import no_search_for_cycles, no_search_in_what_is_here
from boot_screen.emoji import COLOURS, Pictures, Tile
from boot_screen.header import Ink, Words
from boot_screen.layout import Layout, Page, Row, ink_of
from boot_screen.masks import Pen
from boot_screen.png import png_bytes
from boot_screen.scene import Colour, Palette
from boot_screen.text import Kind, Run

BANDS = 32
STEPS = 31  # of a ramp from the ground to an ink
EDGES = 6  # of the picture's colours soften the edge of a silhouette whose ground is its own
_RULE_INK = 160
_PAGES_OF_A_POOL = 128  # what processes share is copied bit by bit as they use it; new ones begin without copies
_SOFT = range(24, 232)  # of the mask: neither inside nor outside
_INSIDE_FROM = 128
_NO_INK_UNDER = 48
_TO_STEP = [round(ink * (STEPS - 1) / 255) for ink in range(256)]


class Proof(NamedTuple):
    """What a page must look like: sha256 of its pixels as RGB, row by row, and CRC-32 of each of BANDS strips of it,
    from the top, by which a difference can be placed. The same on every machine, unlike the bytes of a PNG."""

    sha256: str
    bands: list[str]


@dataclass(frozen=True, slots=True)
class Master:
    """One page as an indexed picture (mode P, at most 220 colours) of the screen's size; pages count from 1.

    `png` and `proved` are its encoded bytes and its proof where another process has made them already.
    """

    image: Image.Image
    page: int
    png: bytes | None = None
    proved: Proof | None = None

    def proof(self) -> Proof:
        return self.proved or proof_of(self.image)

    def sha256(self) -> str:
        return self.proof().sha256


def proof_of(image: Image.Image) -> Proof:
    """The proof of a picture in any mode."""
    whole = image.convert("RGB").tobytes()
    rows = band_rows(image.height)
    step = rows * image.width * 3
    bands = [f"{zlib.crc32(whole[start : start + step]):08x}" for start in range(0, len(whole), step)]
    return Proof(hashlib.sha256(whole).hexdigest(), bands)


def band_rows(height: int) -> int:
    """How many rows of pixels a band has, in a picture of this height."""
    return max(1, -(-height // BANDS))


def render(layout: Layout, *, jobs: int = 1) -> Iterator[Master]:
    """Draw the pages one after the other; only a few are held in memory unless the caller keeps them.

    With several `jobs`, so many processes draw and encode them.
    """
    pages = len(layout.pages)
    if jobs <= 1 or pages == 1 or "fork" not in multiprocessing.get_all_start_methods():
        yield from render_pages(layout, range(pages))
        return
    press = _Press(layout)
    for first in range(0, pages, _PAGES_OF_A_POOL):
        yield from _by_several(press, range(first, min(pages, first + _PAGES_OF_A_POOL)), jobs)


def _by_several(press: "_Press", pages: range, jobs: int) -> Iterator[Master]:
    fork = multiprocessing.get_context("fork")
    with (
        no_search_in_what_is_here(),
        ProcessPoolExecutor(jobs, mp_context=fork, initializer=_set_up, initargs=(press,)) as pool,
    ):
        coming: deque[Future[Master]] = deque()
        for page in pages:
            coming.append(pool.submit(_drawn, page))
            if len(coming) > 2 * jobs:
                yield coming.popleft().result()
        while coming:
            yield coming.popleft().result()


_presses: list["_Press"] = []  # of this process, when it draws pages for another


def _set_up(press: "_Press") -> None:
    _presses[:] = [press]


def _drawn(page: int) -> Master:
    press = _presses[0]
    image = press.print(page)
    return Master(image, page + 1, png_bytes(image), proof_of(image))


def render_pages(layout: Layout, pages: Iterable[int]) -> Iterator[Master]:
    """Draw some of the pages, counted from 0."""
    press = _Press(layout)
    for page in pages:
        yield Master(press.print(page), page + 1)


class _Press:
    """Pens, pictures, silhouette and palette, shared by all pages of a layout."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self._pens: dict[int, Pen] = {}
        self._palette = palette = layout.scene.palette
        self._shape = _shape_plane(layout)
        self._inside = self._shape and self._shape.point([0] * _INSIDE_FROM + [255] * (256 - _INSIDE_FROM), "1")
        own_ground = self._shape is not None and palette.shape != palette.ground
        self._edges = EDGES if own_ground else 0
        grounds = (palette.ground, palette.shape) if own_ground else (palette.ground,)
        first = STEPS * len(Ink)
        self._pictures = Pictures(_emoji(layout), layout.typesetter, grounds, first, COLOURS - self._edges)
        self._bytes = _palette_bytes(palette, self._pictures.colours, self._edges)

    @no_search_for_cycles()
    def print(self, number: int) -> Image.Image:
        """Draw a page, counted from 0."""
        page, screen = self.layout.pages[number], self.layout.scene.screen
        ink = Image.new("L", (screen.width, screen.height))
        ramps = Image.new("L", ink.size)
        ink_plane: Any = ImageDraw.Draw(ink).draw
        ramp_plane: Any = ImageDraw.Draw(ramps).draw
        emoji: list[tuple[Tile, int, int]] = []
        for words in self.layout.words_around(page):
            _choose_ink(words.ink, *words.box, ramp_plane)
            self._draw(words, ink_plane, emoji)
        for row in page.rows:
            self._draw_row(page, row, ink_plane, ramp_plane, emoji)
        if rule := self.layout.header.rule:
            box = (rule.x, rule.y, rule.x + rule.width, rule.y + rule.height)
            ink.paste(_RULE_INK, box)
            ramps.paste(STEPS * Ink.TITLE, box)
        indexes = self._composed(ink, ramps)
        for tile, left, top in emoji:
            indexes.paste(tile.indexes, (left, top), tile.opaque)
        indexes.putpalette(self._bytes)
        return indexes

    def _composed(self, ink: Image.Image, ramps: Image.Image) -> Image.Image:
        if self._shape is None or self._inside is None:
            return ImageChops.add(ink.point(_TO_STEP), ramps)
        ramps.paste(STEPS * Ink.SHAPE, mask=self._inside)
        indexes = ImageChops.add(ink.point(_TO_STEP), ramps)
        if self._edges:
            soft = self._shape.point([255 if value in _SOFT else 0 for value in range(256)])
            bare = ink.point([255] * _NO_INK_UNDER + [0] * (256 - _NO_INK_UNDER))
            indexes.paste(self._shape.point(_EDGE_INDEXES), mask=ImageChops.darker(soft, bare).convert("1"))
        return indexes

    def _draw_row(self, page: Page, row: Row, ink: Any, ramps: Any, emoji: list[tuple[Tile, int, int]]) -> None:
        """Most names are ordinary: for these no words are made, which would cost more than to draw them."""
        names, pen = page.all_names, self._pen(row.px)
        for nth, (text, em) in enumerate(names.ordinary(row.first, len(row.lefts))):
            left = row.lefts[nth]
            if ramp := ink_of(row.first + nth):
                _choose_ink(ramp, left, row.top, ceil(em * row.px), pen.height, ramps)
            if text is None:
                self._draw(page.placed(row, nth).words, ink, emoji)
            else:
                pen.draw_text(text, ink, left, row.top)

    def _draw(self, words: Words, plane: Any, emoji: list[tuple[Tile, int, int]]) -> None:
        """Draw the runs from left to right; note the emoji, which come on top of everything."""
        box, px, pen = words.box, words.px, self._pen(words.px)
        x = float(box.x)
        for run in words.line.runs:
            width = run.em * px
            if run.kind is Kind.EMOJI:
                tile = self._pictures.tile(run, px, self._ground(round(x + width / 2), box.y + box.height // 2))
                left = round(x + (width - tile.indexes.width) / 2)
                emoji.append((tile, left, box.y + pen.above - tile.above))
            else:
                pen.draw(run, plane, x, box.y)
            x += width

    def _ground(self, x: int, y: int) -> Colour:
        """What lies behind a point of the screen."""
        if self._inside is None or not self._edges:
            return self._palette.ground
        return self._palette.shape if self._inside.getpixel((x, y)) else self._palette.ground

    def _pen(self, px: int) -> Pen:
        if px not in self._pens:
            self._pens[px] = Pen(self.layout.typesetter, px)
        return self._pens[px]


def _shape_plane(layout: Layout) -> Image.Image | None:
    """The silhouette in its place on the screen, 255 inside."""
    screen, shape = layout.scene.screen, layout.shape
    if layout.scene.silhouette is None or shape is None:
        return None
    plane = Image.new("L", (screen.width, screen.height))
    plane.paste(layout.scene.silhouette.mask(shape.width, shape.height), (shape.x, shape.y))
    return plane


def _choose_ink(ink: Ink, x: int, y: int, width: int, height: int, plane: Any) -> None:
    """Fill a box, and a little around it for letters that lean out, with the first index of the ink's ramp."""
    if ink:
        plane.draw_rectangle((x - 2, y - 1, x + width + 1, y + height), STEPS * ink, 1)


def _emoji(layout: Layout) -> Iterator[tuple[Run, int]]:
    """Every picture in any of the words, with the size of its type."""
    for line, px in layout.uncommon_lines():
        for run in line.runs:
            if run.kind is Kind.EMOJI:
                yield run, px


def _palette_bytes(palette: Palette, emoji: list[Colour], edges: int) -> bytes:
    inks = (palette.names, palette.names_too, palette.title, palette.subtitle)
    ramps = [_blend(palette.ground, ink, step, STEPS - 1) for ink in inks for step in range(STEPS)]
    ramps += [_blend(palette.shape, palette.shape_names, step, STEPS - 1) for step in range(STEPS)]
    # Always equally long, so that no encoder chooses fewer bits.
    spare = [palette.ground] * (COLOURS - edges - len(emoji))
    soft = [_blend(palette.ground, palette.shape, step, edges + 1) for step in range(1, edges + 1)]
    return bytes(value for colour in [*ramps, *emoji, *spare, *soft] for value in colour)


def _blend(ground: Colour, ink: Colour, step: int, last: int) -> Colour:
    red, green, blue = (round(low + (high - low) * step / last) for low, high in zip(ground, ink, strict=True))
    return red, green, blue


_FIRST_EDGE = STEPS * len(Ink) + COLOURS - EDGES
_EDGE_INDEXES = [_FIRST_EDGE + min(EDGES - 1, value * EDGES // 256) for value in range(256)]
