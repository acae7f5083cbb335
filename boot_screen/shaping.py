"""How a run whose letters join or stack reaches Pillow: through its shaper, or set by hand where FriBiDi is missing.

Pillow's wheels bring HarfBuzz but look for the system's FriBiDi, which a bare machine lacks. Arabic is then joined by
its presentation forms and right-to-left runs are turned; only scripts that reorder (Devanagari ...) lose by it.
"""

from __future__ import annotations

from functools import lru_cache

import regex
from arabic_reshaper import ArabicReshaper
from PIL import ImageFont, features

from boot_screen.fonts import Font

_JOIN = ArabicReshaper({"delete_harakat": False, "delete_tatweel": False})


@lru_cache(maxsize=1)
def has_shaper() -> bool:
    return bool(features.check_feature("raqm"))


def open_font(font: Font, px: int) -> ImageFont.FreeTypeFont:
    """Open a font at a size in px per em, to shape with it."""
    layout = ImageFont.Layout.RAQM if has_shaper() else ImageFont.Layout.BASIC
    return ImageFont.truetype(str(font.path), px, index=font.face, layout_engine=layout)


def prepared(text: str, *, right_to_left: bool) -> tuple[str, str | None]:
    """The text, and the direction to name, as Pillow's text functions want them."""
    if has_shaper():
        return text, "rtl" if right_to_left else "ltr"
    if right_to_left:
        joined: str = _JOIN.reshape(text)
        return "".join(reversed(regex.findall(r"\X", joined))), None
    return text, None
