"""The record of what was drawn: it answers "find me", and "is my name in build X"."""

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from PIL import features

from boot_screen.layout import Layout, PlacedName
from boot_screen.system_fonts import digest


def manifest(layout: Layout, pixels: Mapping[int, str]) -> dict[str, Any]:
    """As plain data for JSON. `pixels` holds Master.sha256() by page number.

    A name is `[id, shown, original or null if unchanged, page, x, y, width, height]`.
    """
    scene = layout.scene
    return {
        "screen": [scene.screen.width, scene.screen.height],
        "px": layout.px,
        "title": scene.title,
        "subtitle": scene.subtitle,
        "palette": {field: getattr(scene.palette, field) for field in type(scene.palette).__slots__},
        "versions": _versions(),
        "fonts": _fonts(layout),
        "pages": [{"page": page.number, "pixels_sha256": pixels[page.number]} for page in layout.pages],
        "names": [_name(placed, page.number) for page in layout.pages for placed in page.names],
        "changes": {name.id: sorted(change.name.lower() for change in name.changes) for name in layout.changed()},
    }


def _name(placed: PlacedName, page: int) -> list[str | int | None]:
    name, box = placed.name, placed.words.box
    original = name.original if name.changes else None
    return [name.id, name.line.text, original, page, box.x, box.y, box.width, box.height]


def _versions() -> dict[str, str | None]:
    return {
        "pillow": version("pillow"),
        "freetype": features.version_module("freetype2"),
        "harfbuzz": features.version_feature("harfbuzz"),
    }


def _fonts(layout: Layout) -> dict[str, str]:
    """sha256 by name: all that come with the package, and those of the machine that were drawn from."""
    used = {run.font for page in layout.pages for placed in page.names for run in placed.name.line.runs}
    fonts = layout.typesetter.fonts.values()
    return {font.key: font.sha256 or digest(font.path) for font in fonts if font.sha256 or font.key in used}
