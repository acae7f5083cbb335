"""The hot path: masks of glyphs, each rasterised once per size, laid into an ink plane.

An ink plane is a picture of mode L, 0 where there is ground and 255 where there is full ink.
"""

from itertools import groupby
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from boot_screen.fonts import Font
from boot_screen.glyphs import Glyphs, Mask
from boot_screen.rows import ABOVE, line_height
from boot_screen.shaping import open_font, prepared
from boot_screen.text import Kind, Run, Typesetter

_PHASES = 4  # glyphs of proportional fonts are kept at quarters of a pixel
SHAPED_FROM_PX = 28  # from here on kerning shows, so plain runs are shaped too


class Pen:
    """Draws runs of one size onto ink planes."""

    def __init__(self, setter: Typesetter, px: int) -> None:
        self._setter, self._px = setter, px
        self.above = round(px * ABOVE)
        self.height = line_height(px)
        self._fonts: dict[str, ImageFont.FreeTypeFont] = {}
        self._glyphs: dict[str, Glyphs] = {}
        self._learned: dict[str, tuple[float, int, list[Mask | None]]] = {}
        self._runs: dict[Run, tuple[Image.Image, int, int]] = {}

    def draw(self, run: Run, plane: Any, x: float, top: int) -> None:
        """Draw a run, not an emoji, with its left edge at x; `plane` is the core drawing of the ink plane."""
        if run.kind is Kind.SHAPED:
            self._draw_shaped(run, plane, x, top)
        else:
            self.draw_text(run.text, plane, x, top)

    def draw_text(self, text: str, plane: Any, x: float, top: int) -> None:
        """Draw plain characters, as `draw`."""
        if self._px >= SHAPED_FROM_PX:
            self._draw_kerned(text, plane, x, top)
        else:
            self._draw_plain(text, plane, x, top + self.above)

    def _draw_plain(self, text: str, plane: Any, x: float, baseline: int) -> None:
        learned, draw_bitmap = self._learned, plane.draw_bitmap
        for char in text:
            try:
                advance, steps, masks = learned[char]
            except KeyError:
                advance, steps, masks = self._learn(char)
            whole = int(x)
            phase = int((x - whole) * steps)
            ink, left, above = masks[phase] or self._rasterise(char, phase)
            draw_bitmap((whole + left, baseline + above), ink, 255)
            x += advance

    def _learn(self, char: str) -> tuple[float, int, list[Mask | None]]:
        em, _font = self._plain(char)
        steps = 1 if em == 1.0 else _PHASES
        masks: list[Mask | None] = [None] * steps
        self._learned[char] = entry = (em * self._px, steps, masks)
        return entry

    def _rasterise(self, char: str, phase: int) -> Mask:
        _advance, steps, masks = self._learned[char]
        _em, font = self._plain(char)
        if font.key not in self._glyphs:
            self._glyphs[font.key] = Glyphs(font, self._px)
        masks[phase] = mask = self._glyphs[font.key].mask(char, phase / steps)
        return mask

    def _plain(self, char: str) -> tuple[float, Font]:
        plain = self._setter.plain(char)
        if plain is None:
            raise AssertionError("plain runs hold plain characters only")
        return plain

    def _draw_kerned(self, text: str, plane: Any, x: float, top: int) -> None:
        """Stretches of one font, shaped; each starts where its widths in em say, so that boxes hold."""
        for font, chars in groupby(text, key=lambda char: self._plain(char)[1]):
            stretch = "".join(chars)
            em = sum(self._plain(char)[0] for char in stretch)
            self._draw_shaped(Run(Kind.SHAPED, stretch, font.key, False, em), plane, x, top)
            x += em * self._px

    def _draw_shaped(self, run: Run, plane: Any, x: float, top: int) -> None:
        if run not in self._runs:
            self._runs[run] = self._shape(run)
        mask, left, above = self._runs[run]
        plane.draw_bitmap((round(x) + left, top + above), mask.im, 255)

    def _shape(self, run: Run) -> tuple[Image.Image, int, int]:
        """The run's mask, and where it lies in its box. What would leave the box is made smaller."""
        font = self._font(run.font)
        text, direction = prepared(run.text, right_to_left=run.right_to_left)
        left, upper, right, lower = (int(edge) for edge in font.getbbox(text, direction=direction, anchor="ls"))
        mask = Image.new("L", (max(1, right - left), max(1, lower - upper)))
        ImageDraw.Draw(mask).text((-left, -upper), text, fill=255, font=font, anchor="ls", direction=direction)
        width, height = max(1, min(mask.width, round(run.em * self._px))), min(mask.height, self.height)
        if (width, height) != mask.size:
            mask = mask.resize((width, height), Image.Resampling.BOX)
        left = max(0, min(left, round(run.em * self._px) - width))
        return mask, left, max(0, min(self.above + upper, self.height - height))

    def _font(self, key: str) -> ImageFont.FreeTypeFont:
        if key not in self._fonts:
            self._fonts[key] = open_font(self._setter.fonts[key], self._px)
        return self._fonts[key]
