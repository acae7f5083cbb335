"""A poster for the printer, A2, in vector type with the same fonts as the picture.

Names that stand on one page of the screen stand in the same places on paper. Those that need several pages there are
laid out for the paper itself, which holds some seven thousand on one sheet.

All type is text: it can be selected, searched and copied, name by name in the order of the layout. Trim and bleed are
set; the ground reaches into the bleed. The same layout gives the same bytes.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pydyf  # type: ignore[import-untyped]  # it has no types

from boot_screen.draw import Master
from boot_screen.layout import Layout, Page, lay_out
from boot_screen.outputs.pdf_numbers import colour, numbers
from boot_screen.outputs.pdf_shape import Shape
from boot_screen.outputs.pdf_type import Type
from boot_screen.outputs.whole import whole_file
from boot_screen.sanitise import sanitise
from boot_screen.scene import Screen

SHORT_SIDE_MM, LONG_SIDE_MM, BLEED_MM = 420, 594, 3
PX_PER_MM, LEAST_PX = 10, 16  # names on paper are at least 1.6 mm high
_POINTS_PER_MM = 72 / 25.4
_RULE_INK = 160 / 255  # of the way from the ground to the title's ink, as in the picture


def save_pdf(layout: Layout, _masters: Iterable[Master], path: Path) -> None:
    """Write all sheets as one document. The masters are not asked for: type is set anew, not enlarged."""
    on_paper = _for_paper(layout)
    poster = _Poster(on_paper)
    for page in on_paper.pages:
        poster.add(page)
    with whole_file(path) as file:
        poster.finished().write(file, version=b"1.7", identifier=True)


def _for_paper(layout: Layout) -> Layout:
    if len(layout.pages) == 1:
        return layout
    short, long = SHORT_SIDE_MM * PX_PER_MM, LONG_SIDE_MM * PX_PER_MM
    upright = layout.scene.screen.height >= layout.scene.screen.width
    paper = Screen(short, long) if upright else Screen(long, short)
    return lay_out(replace(layout.scene, screen=paper, min_px=LEAST_PX))


class _Sheet:
    """A2 as the screen is held, in points; `matrix` puts the screen in its middle as large as fits."""

    def __init__(self, screen: Screen) -> None:
        sides = (SHORT_SIDE_MM, LONG_SIDE_MM) if screen.height >= screen.width else (LONG_SIDE_MM, SHORT_SIDE_MM)
        width, height = (side * _POINTS_PER_MM for side in sides)
        bleed = BLEED_MM * _POINTS_PER_MM
        scale = min(width / screen.width, height / screen.height)
        left, foot = (width - screen.width * scale) / 2, (height - screen.height * scale) / 2
        self.matrix = (scale, 0, 0, scale, bleed + left, bleed + foot)
        self.whole = (0.0, 0.0, width + 2 * bleed, height + 2 * bleed)
        self.trim = (bleed, bleed, bleed + width, bleed + height)


class _Poster:
    """The document while it grows."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._sheet = _Sheet(layout.scene.screen)
        self._pdf: Any = pydyf.PDF()
        self._resources = pydyf.Dictionary()
        self._pdf.add_object(self._resources)
        self._shape = Shape(layout, layout.shape) if layout.shape else None
        self._type = Type(layout, self._shape)

    def add(self, page: Page) -> None:
        sheet, palette = self._sheet, self._layout.scene.palette
        content = pydyf.Stream(
            [
                f"{colour(palette.ground)} rg {numbers(sheet.whole)} re f",
                f"{numbers(sheet.matrix)} cm",
                *([self._shape.ground()] if self._shape else []),
                *self._rule(),
                *(self._type.set(words) for words in self._layout.words_on(page)),
            ],
            compress=True,
        )
        self._pdf.add_object(content)
        self._pdf.add_page(
            pydyf.Dictionary(
                {
                    "Type": "/Page",
                    "Parent": self._pdf.pages.reference,
                    "MediaBox": f"[{numbers(sheet.whole)}]",
                    "BleedBox": f"[{numbers(sheet.whole)}]",
                    "TrimBox": f"[{numbers(sheet.trim)}]",
                    "Resources": self._resources.reference,
                    "Contents": content.reference,
                }
            )
        )

    def finished(self) -> Any:
        """The document with its fonts."""
        self._resources["Font"] = pydyf.Dictionary(self._type.add_fonts_to(self._pdf))
        if self._shape:
            self._shape.add_to(self._pdf, self._resources, self._sheet.matrix)
        title, _ = sanitise(self._layout.scene.title)
        if title:
            self._pdf.info["Title"] = pydyf.String(title)
            self._pdf.catalog["ViewerPreferences"] = "<</DisplayDocTitle true>>"
        return self._pdf

    def _rule(self) -> Iterator[str]:
        """The line below the title."""
        rule, palette = self._layout.header.rule, self._layout.scene.palette
        if rule:
            ink = [low + (high - low) * _RULE_INK for low, high in zip(palette.ground, palette.title, strict=True)]
            foot = self._layout.scene.screen.height - rule.y - rule.height
            yield f"{colour(ink)} rg {numbers((rule.x, foot, rule.width, rule.height))} re f"
