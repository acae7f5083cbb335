"""Masks of single glyphs straight from FreeType.

Pillow shows the same pixels in twice the time: it loads each glyph to measure it, to place it and to draw it.
"""

import weakref
from ctypes import byref, string_at
from typing import Any, NamedTuple

from freetype import raw
from PIL import Image

from boot_screen.fonts import Font

_core: Any = vars(Image)["core"]
_NOTHING = Image.new("L", (0, 0)).im


class Mask(NamedTuple):
    """Ink of a glyph as Pillow's core image of mode L; its left and top seen from the pen on the baseline, in px."""

    ink: Any
    left: int
    top: int


class Glyphs:
    """The glyphs of one font at one size in px per em, each rasterised when it is asked for."""

    def __init__(self, font: Font, px: int) -> None:
        library, face = raw.FT_Library(), raw.FT_Face()
        _check(raw.FT_Init_FreeType(byref(library)), font)
        weakref.finalize(self, raw.FT_Done_FreeType, library)
        _check(raw.FT_New_Face(library, str(font.path).encode(), font.face, byref(face)), font)
        _check(raw.FT_Set_Pixel_Sizes(face, 0, px), font)
        self._font, self._face, self._slot = font, face, face.contents.glyph.contents

    def mask(self, char: str, right: float) -> Mask:
        """The glyph of a character that the font has, moved to the right by a part of a pixel (0 to 1)."""
        slot = self._slot
        if right:
            _check(raw.FT_Load_Char(self._face, ord(char), raw.FT_LOAD_DEFAULT), self._font)
            raw.FT_Outline_Translate(byref(slot.outline), round(right * 64), 0)
            _check(raw.FT_Render_Glyph(self._face.contents.glyph, raw.FT_RENDER_MODE_NORMAL), self._font)
        else:
            _check(raw.FT_Load_Char(self._face, ord(char), raw.FT_LOAD_RENDER), self._font)
        bitmap = slot.bitmap
        rows, pitch = bitmap.rows, bitmap.pitch
        if not rows or not pitch:
            return Mask(_NOTHING, 0, 0)
        pixels = string_at(bitmap.buffer, rows * pitch)
        # What Image.frombuffer does, without two pictures around it: there are thousands of glyphs.
        ink = _core.map_buffer(pixels, (bitmap.width, rows), "raw", 0, ("L", pitch, 1))
        return Mask(ink, slot.bitmap_left, -slot.bitmap_top)


def _check(error: int, font: Font) -> None:
    if error:
        raise OSError(f"FreeType cannot read {font.path} (error {error}). Install the package again.")
