"""A poster for the printer: one sheet of A2 per page, in vector type with the same fonts and places as the picture.

All type is text: it can be selected, searched and copied, name by name in the order of the layout. Trim and bleed are
set; the ground reaches into the bleed. The same layout gives the same bytes.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pydyf  # type: ignore[import-untyped]  # it has no types

from boot_screen.draw import Master
from boot_screen.layout import Layout, Page
from boot_screen.outputs.pdf_numbers import colour, numbers
from boot_screen.outputs.pdf_shape import Shape
from boot_screen.outputs.pdf_type import Type
from boot_screen.outputs.whole import whole_file
from boot_screen.sanitise import sanitise
from boot_screen.scene import Screen

SHORT_SIDE_MM, LONG_SIDE_MM, BLEED_MM = 420, 594, 3
_POINTS_PER_MM = 72 / 25.4
_RULE_INK = 160 / 255  # of the way from the ground to the title's ink, as in the picture


def save_pdf(layout: Layout, _masters: Iterable[Master], path: Path) -> None:
    """Write all pages as sheets of one document. The masters are not asked for: type is set anew, not enlarged."""
    poster = _Poster(layout)
    for page in layout.pages:
        poster.add(page)
    with whole_file(path) as file:
        poster.finished().write(file, version=b"1.7", identifier=True)


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
