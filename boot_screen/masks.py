"""The hot path: masks of glyphs, each rasterised once per size, laid into an ink plane.

An ink plane is a picture of mode L, 0 where there is ground and 255 where there is full ink.
"""

from typing import Any

from PIL import Image, ImageDraw, ImageFont

from boot_screen.rows import ABOVE, line_height
from boot_screen.shaping import open_font, prepared
from boot_screen.text import Kind, Run, Typesetter

_PHASES = 4  # glyphs of proportional fonts are kept at quarters of a pixel
SHAPED_FROM_PX = 28  # from here on kerning shows, so plain runs are shaped too

Mask = tuple[Any, int, int]  # Pillow's core image, and its left and top seen from the pen on the baseline


class Pen:
    """Draws runs of one size onto ink planes."""

    def __init__(self, setter: Typesetter, px: int) -> None:
        self._setter, self._px = setter, px
        self.above = round(px * ABOVE)
        self._height = line_height(px)
        self._fonts: dict[tuple[str, bool], ImageFont.FreeTypeFont] = {}
        self._glyphs: dict[str, tuple[float, list[Mask | None], str]] = {}
        self._runs: dict[Run, tuple[Image.Image, int, int]] = {}

    def draw(self, run: Run, plane: Any, x: float, top: int) -> None:
        """Draw a run, not an emoji, with its left edge at x; `plane` is the core drawing of the ink plane."""
        if run.kind is Kind.SHAPED:
            self._draw_shaped(run, plane, x, top)
        elif self._px >= SHAPED_FROM_PX:
            self._draw_kerned(run.text, plane, x, top)
        else:
            self._draw_plain(run.text, plane, x, top + self.above)

    def _draw_plain(self, text: str, plane: Any, x: float, baseline: int) -> None:
        glyphs, draw_bitmap = self._glyphs, plane.draw_bitmap
        for char in text:
            advance, masks, font = glyphs[char] if char in glyphs else self._learn(char)
            whole = int(x)
            phase = int((x - whole) * len(masks))
            mask = masks[phase]
            if mask is None:
                mask = masks[phase] = self._rasterise(char, font, phase / len(masks))
            draw_bitmap((whole + mask[1], baseline + mask[2]), mask[0], 255)
            x += advance

    def _learn(self, char: str) -> tuple[float, list[Mask | None], str]:
        font = self._setter.plain_font(char)
        if font is None:
            raise AssertionError("plain runs hold plain characters only")
        em = font.advance(char) or 0.0
        phases: list[Mask | None] = [None] * (1 if em == 1.0 else _PHASES)
        self._glyphs[char] = entry = (em * self._px, phases, font.key)
        return entry

    def _rasterise(self, char: str, font: str, phase: float) -> Mask:
        mask, (left, top) = self._font(font, shaped=False).getmask2(char, "L", anchor="ls", start=(phase, 0))
        return mask, left, top

    def _draw_kerned(self, text: str, plane: Any, x: float, top: int) -> None:
        """Stretches of one font, shaped; each starts where its widths in em say, so that boxes hold."""
        start = 0
        while start < len(text):
            font = self._setter.plain_font(text[start])
            end, em = start, 0.0
            while font and end < len(text) and self._setter.plain_font(text[end]) is font:
                em += font.advance(text[end]) or 0.0
                end += 1
            if font:
                self._draw_shaped(Run(Kind.SHAPED, text[start:end], font.key, False, em), plane, x, top)
            x += em * self._px
            start = max(end, start + 1)

    def _draw_shaped(self, run: Run, plane: Any, x: float, top: int) -> None:
        if run not in self._runs:
            self._runs[run] = self._shape(run)
        mask, left, above = self._runs[run]
        plane.draw_bitmap((round(x) + left, top + above), mask.im, 255)

    def _shape(self, run: Run) -> tuple[Image.Image, int, int]:
        """The run's mask, and where it lies in its box. What would leave the box is made smaller."""
        font = self._font(run.font, shaped=True)
        text, direction = prepared(run.text, right_to_left=run.right_to_left)
        left, upper, right, lower = (int(edge) for edge in font.getbbox(text, direction=direction, anchor="ls"))
        mask = Image.new("L", (max(1, right - left), max(1, lower - upper)))
        ImageDraw.Draw(mask).text((-left, -upper), text, fill=255, font=font, anchor="ls", direction=direction)
        width, height = max(1, min(mask.width, round(run.em * self._px))), min(mask.height, self._height)
        if (width, height) != mask.size:
            mask = mask.resize((width, height), Image.Resampling.BOX)
        left = max(0, min(left, round(run.em * self._px) - width))
        return mask, left, max(0, min(self.above + upper, self._height - height))

    def _font(self, key: str, *, shaped: bool) -> ImageFont.FreeTypeFont:
        if (key, shaped) not in self._fonts:
            self._fonts[key, shaped] = open_font(self._setter.fonts[key], self._px, shaped=shaped)
        return self._fonts[key, shaped]
