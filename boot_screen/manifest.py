"""The record of what was drawn: it answers "find me", and "is my name in build X"."""

import json
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from typing import Any

import freetype
from PIL import features

from boot_screen.draw import Proof
from boot_screen.layout import Layout, PlacedName
from boot_screen.system_fonts import digest


def manifest(layout: Layout, proofs: Mapping[int, Proof]) -> dict[str, Any]:
    """As plain data for JSON. `proofs` holds Master.proof() by page number.

    A name is `[id, shown, original or null if unchanged, page, x, y, width, height]`.
    """
    return {**_head(layout, proofs), "names": list(_names(layout)), "changes": _changes(layout)}


def manifest_json(layout: Layout, proofs: Mapping[int, Proof]) -> Iterator[bytes]:
    """The same as JSON in ASCII, piece by piece: a million names need no room."""
    yield _json(_head(layout, proofs))[:-1] + b',"names":['
    comma = b""
    for name in _names(layout):
        yield comma + _json(name)
        comma = b",\n"
    yield b'],"changes":' + _json(_changes(layout)) + b"}\n"


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=True, separators=(",", ":")).encode("ascii")


def _head(layout: Layout, proofs: Mapping[int, Proof]) -> dict[str, Any]:
    scene = layout.scene
    return {
        "screen": [scene.screen.width, scene.screen.height],
        "px": layout.px,
        "title": scene.title,
        "subtitle": scene.subtitle,
        "footer": scene.footer,
        "palette": {field: getattr(scene.palette, field) for field in type(scene.palette).__slots__},
        "silhouette_sha256": scene.silhouette.sha256 if scene.silhouette else None,
        "order": scene.order.value,
        "seed": scene.seed,
        "versions": _versions(),
        "fonts": _fonts(layout),
        "pages": [
            {"page": page, "pixels_sha256": proof.sha256, "bands_crc32": proof.bands}
            for page, proof in sorted(proofs.items())
        ],
    }


def _names(layout: Layout) -> Iterator[list[str | int | None]]:
    return (_name(placed, page.number) for page in layout.pages for placed in page.names)


def _name(placed: PlacedName, page: int) -> list[str | int | None]:
    name, box = placed.name, placed.words.box
    original = name.original if name.changes else None
    return [name.id, name.line.text, original, page, box.x, box.y, box.width, box.height]


def _changes(layout: Layout) -> dict[str, list[str]]:
    return {name.id: sorted(change.name.lower() for change in name.changes) for name in layout.changed()}


def _versions() -> dict[str, str | None]:
    return {
        "pillow": version("pillow"),
        "freetype": features.version_module("freetype2"),
        "freetype_py": ".".join(map(str, freetype.version())),
        "harfbuzz": features.version_feature("harfbuzz"),
        "resvg_py": version("resvg-py"),
    }


def _fonts(layout: Layout) -> dict[str, str]:
    """sha256 by name: all that come with the package, and those of the machine that were drawn from."""
    used = {run.font for line, _ in layout.uncommon_lines() for run in line.runs}
    fonts = layout.typesetter.fonts.values()
    return {font.key: font.sha256 or digest(font.path) for font in fonts if font.sha256 or font.key in used}
