"""A silhouette on a PDF page: its ground, and the ink of words that lie in it, outside it, or across its edge."""

from enum import Enum
from typing import Any

import pydyf  # type: ignore[import-untyped]  # it has no types
from PIL import Image

from boot_screen.header import Box
from boot_screen.layout import Layout
from boot_screen.outputs.pdf_fonts import added
from boot_screen.outputs.pdf_numbers import colour, numbers
from boot_screen.scene import Colour

_INSIDE_FROM = 128  # of the mask, as in the picture
_LONG_SIDE_PX = 2048  # in which the edge is drawn


class Side(Enum):
    INSIDE = "inside"
    OUTSIDE = "outside"
    EDGE = "edge"


class Shape:
    """The silhouette of a layout. Words on its edge get an ink that changes there: a pattern as large as the screen."""

    def __init__(self, layout: Layout, box: Box) -> None:
        assert layout.scene.silhouette is not None
        self._box, self._screen = box, layout.scene.screen
        self._palette = layout.scene.palette
        larger = max(1.0, _LONG_SIDE_PX / max(box.width, box.height))
        self._fine = layout.scene.silhouette.mask(round(box.width * larger), round(box.height * larger))
        self._plane = Image.new("L", (self._screen.width, self._screen.height))
        self._plane.paste(layout.scene.silhouette.mask(box.width, box.height), (box.x, box.y))
        self._inks: dict[Colour, str] = {}

    def ground(self) -> str:
        """Operators that draw it, in px of the screen from its lower left corner."""
        return f"q {colour(self._palette.shape)} rg {self._place()} cm /Shape Do Q"

    def ink(self, ink: Colour, box: Box) -> str:
        """Operators that choose the ink of words in a box that are of this ink outside."""
        side = self._side(box)
        if side is Side.EDGE:
            return f"/Pattern cs /{self._inks.setdefault(ink, f'Ink{len(self._inks)}')} scn"
        return f"{colour(ink if side is Side.OUTSIDE else self._palette.shape_names)} rg"

    def add_to(self, pdf: Any, resources: Any, matrix: tuple[float, ...]) -> None:
        """Put what the operators name into the resources of the pages; `matrix` leads from the screen to the page."""
        mask = added(pdf, self._mask())
        resources["XObject"] = pydyf.Dictionary({"Shape": mask})
        resources["Pattern"] = pydyf.Dictionary(
            {name: added(pdf, self._pattern(ink, mask, matrix)) for ink, name in self._inks.items()}
        )

    def _side(self, box: Box) -> Side:
        part = self._plane.crop((box.x, box.y, box.x + box.width, box.y + box.height))
        low, high = part.getextrema()
        if low >= _INSIDE_FROM:  # type: ignore[operator]  # a picture of one band has one pair of numbers
            return Side.INSIDE
        return Side.OUTSIDE if high < _INSIDE_FROM else Side.EDGE  # type: ignore[operator]  # as above

    def _place(self) -> str:
        """The matrix that brings a picture of one by one to the silhouette's place."""
        box = self._box
        return numbers((box.width, 0, 0, box.height, box.x, self._screen.height - box.y - box.height))

    def _mask(self) -> Any:
        """A stencil: painted with the current colour inside."""
        bits = self._fine.point([0] * _INSIDE_FROM + [255] * (256 - _INSIDE_FROM), "1")
        shape = {"Type": "/XObject", "Subtype": "/Image", "Width": bits.width, "Height": bits.height}
        stencil = {**shape, "ImageMask": "true", "BitsPerComponent": 1, "Decode": "[1 0]"}
        return pydyf.Stream([bits.tobytes()], stencil, compress=True)

    def _pattern(self, ink: Colour, mask: bytes, matrix: tuple[float, ...]) -> Any:
        whole = (0, 0, self._screen.width, self._screen.height)
        content = (
            f"{colour(ink)} rg {numbers(whole)} re f "
            f"q {colour(self._palette.shape_names)} rg {self._place()} cm /Shape Do Q"
        )
        extra = {
            "Type": "/Pattern",
            "PatternType": 1,
            "PaintType": 1,
            "TilingType": 1,
            "BBox": f"[{numbers(whole)}]",
            "XStep": self._screen.width,
            "YStep": self._screen.height,
            "Matrix": f"[{numbers(matrix)}]",
            "Resources": pydyf.Dictionary({"XObject": pydyf.Dictionary({"Shape": mask})}),
        }
        return pydyf.Stream([content], extra, compress=True)
