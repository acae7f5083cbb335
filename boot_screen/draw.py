"""From a layout to indexed pictures, one per page.

Each picture is built from two planes: how much ink (0 to 255) and which ink (the first index of its ramp). Emoji are
laid on top with indexes of their own. So a picture has at most 4 x 31 + 64 colours, which every boot chain can show.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageChops, ImageDraw

from boot_screen.emoji import COLOURS, Pictures, Tile
from boot_screen.header import Ink, Words
from boot_screen.layout import Layout, Page
from boot_screen.masks import Pen
from boot_screen.scene import Colour, Palette
from boot_screen.text import Kind

STEPS = 31  # of a ramp from the ground to an ink
_RULE_INK = 160
_TO_STEP = [round(ink * (STEPS - 1) / 255) for ink in range(256)]


@dataclass(frozen=True, slots=True)
class Master:
    """One page as an indexed picture (mode P, at most 220 colours) of the screen's size; pages count from 1."""

    image: Image.Image
    page: int

    def sha256(self) -> str:
        """Of the pixels as RGB, row by row; the same on every machine, unlike the bytes of a PNG."""
        return hashlib.sha256(self.image.convert("RGB").tobytes()).hexdigest()


def render(layout: Layout) -> Iterator[Master]:
    """Draw the pages one after the other; only one is held in memory unless the caller keeps them."""
    press = _Press(layout)
    for page in layout.pages:
        yield Master(press.print(page), page.number)


class _Press:
    """Pens, pictures and palette, shared by all pages of a layout."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._pens: dict[int, Pen] = {}
        palette = layout.scene.palette
        emoji = ((run, words.px) for words in _all_words(layout) for run in words.line.runs if run.kind is Kind.EMOJI)
        self._pictures = Pictures(emoji, layout.typesetter, palette.ground, STEPS * len(Ink))
        self._palette = _palette_bytes(palette, self._pictures.colours)

    def print(self, page: Page) -> Image.Image:
        screen = self._layout.scene.screen
        ink = Image.new("L", (screen.width, screen.height))
        ramps = Image.new("L", ink.size)
        ink_plane: Any = ImageDraw.Draw(ink).draw
        ramp_plane: Any = ImageDraw.Draw(ramps).draw
        emoji: list[tuple[Tile, int, int]] = []
        for words in _words(self._layout, page):
            _choose_ink(words, ramp_plane)
            self._draw(words, ink_plane, emoji)
        if rule := self._layout.header.rule:
            box = (rule.x, rule.y, rule.x + rule.width, rule.y + rule.height)
            ink.paste(_RULE_INK, box)
            ramps.paste(STEPS * Ink.TITLE, box)
        indexes = ImageChops.add(ink.point(_TO_STEP), ramps)
        for tile, left, top in emoji:
            indexes.paste(tile.indexes, (left, top), tile.opaque)
        indexes.putpalette(self._palette)
        return indexes

    def _draw(self, words: Words, plane: Any, emoji: list[tuple[Tile, int, int]]) -> None:
        """Draw the runs from left to right; note the emoji, which come on top of everything."""
        box, px, pen = words.box, words.px, self._pen(words.px)
        x = float(box.x)
        for run in words.line.runs:
            width = run.em * px
            if run.kind is Kind.EMOJI:
                tile = self._pictures.tile(run, px)
                left = round(x + (width - tile.indexes.width) / 2)
                emoji.append((tile, left, box.y + pen.above - tile.above))
            else:
                pen.draw(run, plane, x, box.y)
            x += width

    def _pen(self, px: int) -> Pen:
        if px not in self._pens:
            self._pens[px] = Pen(self._layout.typesetter, px)
        return self._pens[px]


def _choose_ink(words: Words, plane: Any) -> None:
    """Fill the box, and a little around it for letters that lean out, with the first index of the ink's ramp."""
    if words.ink:
        box = words.box
        corners = (box.x - 2, box.y - 1, box.x + box.width + 1, box.y + box.height)
        plane.draw_rectangle(corners, STEPS * words.ink, 1)


def _words(layout: Layout, page: Page) -> Iterator[Words]:
    yield from layout.header.words
    for placed in page.names:
        yield placed.words
    if page.mark:
        yield page.mark


def _all_words(layout: Layout) -> Iterator[Words]:
    for page in layout.pages:
        yield from _words(layout, page)


def _palette_bytes(palette: Palette, emoji: list[Colour]) -> bytes:
    inks = (palette.names, palette.names_too, palette.title, palette.subtitle)
    ramps = [_blend(palette.ground, ink, step) for ink in inks for step in range(STEPS)]
    spare = [palette.ground] * (COLOURS - len(emoji))  # always equally long, so that no encoder chooses fewer bits
    return bytes(value for colour in [*ramps, *emoji, *spare] for value in colour)


def _blend(ground: Colour, ink: Colour, step: int) -> Colour:
    red, green, blue = (round(low + (high - low) * step / (STEPS - 1)) for low, high in zip(ground, ink, strict=True))
    return red, green, blue
