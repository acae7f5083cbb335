"""Emoji, and letters of fonts that cannot be embedded, as pictures that a reader of the PDF still takes for text.

A picture is a glyph of a Type 3 font, so it is selected and found like a letter. Unseen letters are such glyphs too:
they lie over letters that are drawn as outlines, because their glyphs would be read as another text.
"""

from typing import Any, NamedTuple

import pydyf  # type: ignore[import-untyped]  # it has no types
from PIL import Image, ImageFont

from boot_screen.fonts import EMOJI_STRIKE_PX, Font
from boot_screen.outputs.pdf_fonts import added, to_unicode
from boot_screen.scene import Colour
from boot_screen.shaping import open_font, prepared
from boot_screen.text import EMOJI_EM, Kind, Run

_LETTERS_PX = 256  # size at which letters become pictures
_MOST_OF_A_FONT = 255
UNSEEN_WIDTH = 500  # thousandths of an em
# Text extractors guess the size of a Type 3 font from the width of its m; so there is one, of common width and empty.
_MEASURE_NAME, _MEASURE_WIDTH = "m", 600


class Place(NamedTuple):
    """Where a picture is found: the number of its font among the fonts of pictures, and its code there."""

    font: int
    code: int


class _Picture(NamedTuple):
    """`image` is RGBA, None for an unseen letter. Lengths are in thousandths of an em; left and bottom from the pen on
    the baseline."""

    image: Image.Image | None
    text: str
    advance: float
    left: float = 0.0
    bottom: float = 0.0
    width: float = 0.0
    height: float = 0.0


class PictureFonts:
    """All pictures of a document, each kept once."""

    def __init__(self) -> None:
        self._pictures: list[_Picture] = []
        self._places: dict[tuple[Run, Colour] | str, Place] = {}
        self._opened: dict[str, tuple[ImageFont.FreeTypeFont, float]] = {}

    def place(self, run: Run, font: Font, ink: Colour) -> Place:
        """The picture of a whole run, in its own colours if it is an emoji, otherwise in this ink."""
        key = (run, (0, 0, 0) if run.kind is Kind.EMOJI else ink)
        if key not in self._places:
            self._places[key] = self._keep(self._draw(run, font, ink))
        return self._places[key]

    def unseen(self, char: str) -> Place:
        """A letter that can be read but not seen, UNSEEN_WIDTH wide."""
        if char not in self._places:
            self._places[char] = self._keep(_Picture(None, char, UNSEEN_WIDTH))
        return self._places[char]

    def add_to(self, pdf: Any) -> list[bytes]:
        """Embed the pictures; the references of their fonts in order."""
        parts = range(0, len(self._pictures), _MOST_OF_A_FONT)
        return [_add_font(pdf, self._pictures[at : at + _MOST_OF_A_FONT]) for at in parts]

    def _keep(self, picture: _Picture) -> Place:
        self._pictures.append(picture)
        return Place(*divmod(len(self._pictures) - 1, _MOST_OF_A_FONT))

    def _draw(self, run: Run, font: Font, ink: Colour) -> _Picture:
        opened, unit = self._open(run.kind, font)
        text, direction = prepared(run.text, right_to_left=run.right_to_left)
        if run.kind is Kind.EMOJI:
            text, direction = run.text, None
        image, left, top = _image(opened, text, direction, None if run.kind is Kind.EMOJI else ink)
        advance = run.em * 1000
        width = min(image.width * unit, advance)
        spare = (advance - opened.getlength(text, direction=direction) * unit) / 2
        start = max(0.0, min(spare + left * unit, advance - width))
        bottom = -(top + image.height) * unit
        return _Picture(image, run.text, advance, start, bottom, width, image.height * unit)

    def _open(self, kind: Kind, font: Font) -> tuple[ImageFont.FreeTypeFont, float]:
        """The font at the size at which it is drawn, and thousandths of an em in a pixel of it."""
        if font.key not in self._opened:
            opened = open_font(font, EMOJI_STRIKE_PX if kind is Kind.EMOJI else _LETTERS_PX)
            unit = EMOJI_EM / opened.getlength("\U0001f600") if kind is Kind.EMOJI else 1 / _LETTERS_PX
            self._opened[font.key] = opened, unit * 1000
        return self._opened[font.key]


def _image(
    font: ImageFont.FreeTypeFont, text: str, direction: str | None, ink: Colour | None
) -> tuple[Image.Image, int, int]:
    """The text as RGBA, in its own colours without an ink, and its left and top from the pen on the baseline."""
    mask, (left, top) = font.getmask2(text, "L" if ink else "RGBA", direction=direction, anchor="ls")
    image = Image.new("L" if ink else "RGBA", (max(1, mask.size[0]), max(1, mask.size[1])))
    core: Any = image.im
    core.paste(mask, (0, 0, *mask.size))
    if ink is None:
        return image, left, top
    inked = Image.new("RGB", image.size, ink)
    inked.putalpha(image)
    return inked, left, top


def _add_font(pdf: Any, pictures: list[_Picture]) -> bytes:
    bare = [f"p{code}" for code in range(len(pictures))]
    names = [f"/{name}" for name in bare]
    images = {
        name: _add_image(pdf, each.image) for name, each in zip(bare, pictures, strict=True) if each.image is not None
    }
    drawings = [added(pdf, _drawing(picture, name)) for picture, name in zip(pictures, names, strict=True)]
    measure = added(pdf, pydyf.Stream([f"{_MEASURE_WIDTH} 0 d0"]))
    font = pydyf.Dictionary(
        {
            "Type": "/Font",
            "Subtype": "/Type3",
            "FontBBox": pydyf.Array(_box(pictures)),
            "FontMatrix": "[0.001 0 0 0.001 0 0]",
            "CharProcs": pydyf.Dictionary({**dict(zip(bare, drawings, strict=True)), _MEASURE_NAME: measure}),
            "Encoding": pydyf.Dictionary(
                {"Type": "/Encoding", "Differences": pydyf.Array([0, *names, f"/{_MEASURE_NAME}"])}
            ),
            "FirstChar": 0,
            "LastChar": len(pictures),
            "Widths": pydyf.Array([*(round(picture.advance) for picture in pictures), _MEASURE_WIDTH]),
            "Resources": pydyf.Dictionary({"XObject": pydyf.Dictionary(images)}),
            "ToUnicode": added(pdf, to_unicode({code: each.text for code, each in enumerate(pictures)}, 1)),
        }
    )
    return added(pdf, font)


def _drawing(picture: _Picture, name: str) -> Any:
    """The glyph: it has its own colours (d0)."""
    if picture.image is None:
        return pydyf.Stream([f"{round(picture.advance)} 0 d0"])
    place = f"{picture.width:.1f} 0 0 {picture.height:.1f} {picture.left:.1f} {picture.bottom:.1f} cm"
    return pydyf.Stream([f"{round(picture.advance)} 0 d0 q {place} {name} Do Q"])


def _box(pictures: list[_Picture]) -> list[int]:
    return [
        0,
        round(min(picture.bottom for picture in pictures)),
        round(max(picture.advance for picture in pictures)),
        round(max(picture.bottom + picture.height for picture in pictures)),
    ]


def _add_image(pdf: Any, image: Image.Image) -> bytes:
    shape = {"Type": "/XObject", "Subtype": "/Image", "Width": image.width, "Height": image.height}
    opaque = {**shape, "ColorSpace": "/DeviceGray", "BitsPerComponent": 8}
    mask = added(pdf, pydyf.Stream([image.getchannel("A").tobytes()], opaque, compress=True))
    colours = {**shape, "ColorSpace": "/DeviceRGB", "BitsPerComponent": 8, "SMask": mask, "Interpolate": "true"}
    return added(pdf, pydyf.Stream([image.convert("RGB").tobytes()], colours, compress=True))
