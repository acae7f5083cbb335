"""Words of a layout as operators of a PDF page: the same runs in the same places as in the picture."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import regex

from boot_screen.fonts import Font
from boot_screen.header import Ink, Words
from boot_screen.layout import Layout
from boot_screen.masks import SHAPED_FROM_PX
from boot_screen.outputs.pdf_fonts import EmbeddedFont, Glyph, GlyphInk
from boot_screen.outputs.pdf_numbers import colour, number, numbers
from boot_screen.outputs.pdf_pictures import UNSEEN_WIDTH, PictureFonts
from boot_screen.outputs.pdf_shape import Shape
from boot_screen.rows import ABOVE, line_height
from boot_screen.text import Kind, Line, Run

_LETTER = regex.compile(r"[\p{L}\p{N}]")
_NEGLIGIBLE = 0.5  # thousandths of an em


class Type:
    """Sets words as operators of a page, and keeps the fonts for that."""

    def __init__(self, layout: Layout, shape: Shape | None) -> None:
        self._setter, self._shape = layout.typesetter, shape
        self._height = layout.scene.screen.height
        palette = layout.scene.palette
        self._inks = {
            Ink.NAMES: palette.names,
            Ink.NAMES_TOO: palette.names_too,
            Ink.TITLE: palette.title,
            Ink.SUBTITLE: palette.subtitle,
        }
        self._fonts: dict[str, EmbeddedFont | None] = {}
        self._names: dict[str, str] = {}
        self._pictures = PictureFonts()

    def set(self, words: Words) -> str:
        """Operators for the words; marked with their text where readers would take their parts in another order."""
        runs, px = words.line.runs, words.px
        x = float(words.box.x)
        baseline = self._height - words.box.y - round(px * ABOVE)
        ink = self._inks[words.ink]
        shown = [self._shape.ink(ink, words.box) if self._shape else f"{colour(ink)} rg"]
        for run in runs:
            shown += self._run(run, words, x, baseline)
            x += run.em * px
        if not _jumbled(words.line):
            return " ".join(shown)
        text = words.line.text.encode("utf-16-be").hex().upper()
        return f"/Span <</ActualText <FEFF{text}>>> BDC {' '.join(shown)} EMC"

    def add_fonts_to(self, pdf: Any) -> dict[str, bytes]:
        """Embed what was used; references by the names that the operators use."""
        embedded = {
            self._names[key]: font.add_to(pdf, place)
            for place, (key, font) in enumerate(self._fonts.items())
            if font and font.shown
        }
        return embedded | {f"P{place}": reference for place, reference in enumerate(self._pictures.add_to(pdf))}

    def _run(self, run: Run, words: Words, x: float, baseline: float) -> Iterator[str]:
        px = words.px
        if run.kind is Kind.PLAIN:
            yield from self._plain(run, px, x, baseline)
            return
        font = self._setter.fonts[run.font]
        if run.kind is Kind.SHAPED and self._embedded(font):
            yield self._shaped(run, px, x, baseline)
            return
        place = self._pictures.place(run, font, self._inks[words.ink])
        yield f"q 0 g BT /P{place.font} {px} Tf {_matrix(1, 1, x, baseline)} Tm <{place.code:02X}> Tj ET Q"

    def _plain(self, run: Run, px: int, x: float, baseline: float) -> Iterator[str]:
        """Stretches of one font; shaped from the size on at which the picture is."""
        for font, chars in groupby(run.text, key=self._setter.plain_font):
            if font is None:
                raise AssertionError("plain runs hold plain characters only")
            text = "".join(chars)
            stretch = Run(Kind.SHAPED, text, font.key, False, sum(font.advance(char) or 0.0 for char in text))
            yield self._shaped(stretch, px, x, baseline, one_by_one=px < SHAPED_FROM_PX)
            x += stretch.em * px

    def _shaped(self, run: Run, px: int, x: float, baseline: float, *, one_by_one: bool = False) -> str:
        """A run of one embedded font. Its glyphs, or, where these would be read as another text, their outlines with
        unseen letters on them."""
        font = self._embedded(self._setter.fonts[run.font])
        if font is None:
            raise AssertionError("only fonts that may be embedded come here")
        if one_by_one:
            glyphs, matrix = [font.character(char) for char in run.text], _matrix(1, 1, x, baseline)
        else:
            glyphs = font.shape(run.text, right_to_left=run.right_to_left)
            matrix = _fitted(font.ink(glyphs), run.em, px, x, baseline)
        if font.show(glyphs, right_to_left=run.right_to_left):
            return f"BT /{self._names[run.font]} {px} Tf {matrix} Tm {_glyphs(glyphs, px)} ET"
        unit = number(px / 1000)
        outline = f"q {matrix} cm {unit} 0 0 {unit} 0 0 cm {font.outline(glyphs)} f Q"
        return f"{outline} {self._unseen(run, px, x, baseline)}"

    def _unseen(self, run: Run, px: int, x: float, baseline: float) -> str:
        """The characters of a run from left to right over its width.

        In black, because some readers fill the whole page where Type 3 glyphs meet the pattern of a silhouette's edge.
        """
        chars = run.text[::-1] if run.right_to_left else run.text
        stretched = run.em * 100_000 / (UNSEEN_WIDTH * len(chars))  # per cent
        parts = [f"q 0 g BT {_matrix(1, 1, x, baseline)} Tm {number(stretched)} Tz"]
        for font, places in groupby(map(self._pictures.unseen, chars), key=lambda place: place.font):
            parts.append(f"/P{font} {px} Tf <{''.join(f'{place.code:02X}' for place in places)}> Tj")
        return " ".join([*parts, "100 Tz ET Q"])

    def _embedded(self, font: Font) -> EmbeddedFont | None:
        """The font, if it may be embedded."""
        if font.key not in self._fonts:
            opened = EmbeddedFont(font)
            self._fonts[font.key] = opened if opened.may_be_embedded() else None
            self._names[font.key] = f"F{len(self._names)}"
        return self._fonts[font.key]


def _jumbled(line: Line) -> bool:
    """Both directions are in it, and its runs do not stand in reading order. (Readers turn lines of one direction.)"""
    directions = {run.right_to_left for run in line.runs if _LETTER.search(run.text)}
    return len(directions) > 1 and "".join(run.text for run in line.runs) != line.text


def _fitted(ink: GlyphInk, em: float, px: int, x: float, baseline: float) -> str:
    """As the picture has it: ink that would leave the run's box is moved in, and made smaller where it must."""
    left, bottom, right, top = (edge * px / 1000 for edge in ink)
    room, height, above = em * px, line_height(px), round(px * ABOVE)
    narrower, lower = min(1.0, room / (right - left or 1)), min(1.0, height / (top - bottom or 1))
    start = max(0.0, min(left, room - (right - left) * narrower))
    under_top = max(0.0, min(above - top, height - (top - bottom) * lower))
    return _matrix(narrower, lower, x + start - left * narrower, baseline + above - under_top - top * lower)


def _glyphs(glyphs: Sequence[Glyph], px: int) -> str:
    """Operators that show glyphs, each where the shaper wants it."""
    parts: list[str] = []
    row: list[str] = []
    rise = pen = wanted = 0.0
    for glyph in glyphs:
        if glyph.up != rise:
            parts += [f"[{''.join(row)}] TJ", f"{number(glyph.up * px / 1000)} Ts"]
            row, rise = [], glyph.up
        if abs(aside := wanted + glyph.right - pen) > _NEGLIGIBLE:
            row.append(number(-aside))
            pen += aside
        row.append(f"<{glyph.code:04X}>")
        pen += glyph.width
        wanted += glyph.advance
    parts.append(f"[{''.join(row)}] TJ")
    if rise:
        parts.append("0 Ts")
    return " ".join(parts).replace("><", "").replace("[] TJ ", "")


def _matrix(across: float, up: float, x: float, y: float) -> str:
    return numbers((across, 0, 0, up, x, y))
