"""Make the fonts of this folder from Debian's Noto packages: `python -m boot_screen.fonts.make_fonts`.

Run by hand (or `make fonts`) when a font or a character list changes, never at run time. It needs fontTools (a
development dependency) and the Debian packages named in sources.PACKAGES. It writes the subsets and fonts.json, which
records of each font its sha256, where it came from, and its coverage as `[first, last, advance]` rows (code points, and
thousandths of an em), so that no font has to be scanned when names are drawn.
"""

import hashlib
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from fontTools import subset
from fontTools.ttLib import TTFont
from PIL import Image

from boot_screen.fonts.sources import (
    EMOJI,
    EMOJI_COLOURS,
    EMOJI_FILE,
    EMOJI_SCALE,
    PACKAGES,
    SOURCES,
    Source,
)

FOLDER = Path(__file__).parent


def _subset(source: Source) -> TTFont:
    font = TTFont(source.origin, fontNumber=source.face, recalcTimestamp=False)
    options = subset.Options()
    options.layout_features = ["*"] if source.shaped else ["kern", "mark", "mkmk", "ccmp"]
    if source.origin.endswith(".ttc"):
        options.layout_features = []
    options.notdef_outline = True
    options.desubroutinize = True  # a little larger, a little faster to draw
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=source.characters)
    subsetter.subset(font)
    return font


def _smaller_emoji() -> TTFont:
    """All emoji with their sequences, each picture at half size and in a palette: 4 MB instead of 11."""
    font = TTFont(EMOJI, recalcTimestamp=False)
    for strike, pictures in zip(font["CBLC"].strikes, font["CBDT"].strikeData, strict=True):
        table = strike.bitmapSizeTable
        table.ppemX = table.ppemY = int(table.ppemX * EMOJI_SCALE)
        for metrics in (table.hori, table.vert):
            for field in ("ascender", "descender", "widthMax"):
                setattr(metrics, field, round(getattr(metrics, field) * EMOJI_SCALE))
        for glyph in pictures.values():
            _shrink(glyph)
    return font


def _shrink(glyph: Any) -> None:
    glyph.ensureDecompiled()
    picture = Image.open(io.BytesIO(glyph.imageData)).convert("RGBA")
    size = (round(picture.width * EMOJI_SCALE), round(picture.height * EMOJI_SCALE))
    small = picture.resize(size, Image.Resampling.LANCZOS)
    few = small.quantize(EMOJI_COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    out = io.BytesIO()
    few.save(out, "PNG", optimize=True)
    glyph.imageData = out.getvalue()
    metrics = glyph.metrics
    metrics.width, metrics.height = size
    for field in ("BearingX", "BearingY", "Advance"):
        setattr(metrics, field, round(getattr(metrics, field) * EMOJI_SCALE))


def _coverage(font: TTFont) -> list[list[int]]:
    """Rows `[first, last, advance]`; neighbours of the same advance share one."""
    rows: list[list[int]] = []
    units = font["head"].unitsPerEm
    for code, glyph in sorted(font.getBestCmap().items()):
        advance = round(font["hmtx"][glyph][0] * 1000 / units)
        if rows and rows[-1][1] == code - 1 and rows[-1][2] == advance:
            rows[-1][1] = code
        else:
            rows.append([code, code, advance])
    return rows


def _save(font: TTFont, file: str, origin: str, shaped: bool) -> dict[str, Any]:
    path = FOLDER / file
    font.save(path, reorderTables=True)
    data = path.read_bytes()
    print(f"{file:16} {len(data):>9,} bytes  {len(font.getBestCmap()):>6,} characters")
    return {
        "file": file,
        "sha256": hashlib.sha256(data).hexdigest(),
        "bytes": len(data),
        "origin": Path(origin).name,
        "version": font["name"].getDebugName(5),
        "shaped": shaped,
        "coverage": _coverage(font),
    }


def _packages() -> dict[str, str]:
    asked = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Package} ${Version}\\n", *PACKAGES], capture_output=True, text=True, check=False
    )
    if asked.returncode:
        sys.exit(f"Install the source fonts first: apt-get install {' '.join(PACKAGES)}")
    return dict(line.split(" ", 1) for line in asked.stdout.splitlines())


def _write_record(packages: dict[str, str], fonts: list[dict[str, Any]]) -> None:
    """One font per line, so that a change of one font is a change of one line."""
    lines = ",\n".join(json.dumps(font, separators=(",", ":")) for font in fonts)
    text = f'{{"packages": {json.dumps(packages)},\n"fonts": [\n{lines}\n]}}\n'
    (FOLDER / "fonts.json").write_text(text, encoding="utf-8")


def make() -> None:
    packages = _packages()
    fonts = [_save(_subset(source), source.file, source.origin, source.shaped) for source in SOURCES]
    fonts.append(_save(_smaller_emoji(), EMOJI_FILE, EMOJI, True))
    _write_record(packages, fonts)
    print(f"{'together':16} {sum(font['bytes'] for font in fonts):>9,} bytes")


if __name__ == "__main__":
    make()
