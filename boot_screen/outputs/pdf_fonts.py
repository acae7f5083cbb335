"""Fonts inside a PDF: shaped here, embedded with only the glyphs that are used, readable back as text.

A glyph's code in the PDF is its number in the font, two bytes long (Identity-H).
"""

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from operator import itemgetter
from typing import Any, NamedTuple

import pydyf  # type: ignore[import-untyped]  # it has no types
import uharfbuzz as hb  # type: ignore[import-untyped]  # it has no types

from boot_screen.fonts import Font

_OUTLINES = ("glyf", "CFF ", "CFF2")
_KEPT_TABLES = frozenset((*_OUTLINES, "loca", "head", "hhea", "hmtx", "maxp", "cvt ", "fpgm", "prep"))
_RESTRICTED = 0x0002  # OS/2 fsType: may not be embedded
_SYMBOLIC = 4
_ROWS_OF_A_CMAP = 100  # what one bfchar block may hold

_Point = tuple[float, float]


class Glyph(NamedTuple):
    """A glyph of a shaped run, lengths in thousandths of an em. `text` is what it stands for, empty for the further
    glyphs of one cluster; `width` is what a PDF moves on by itself, `advance` what the shaper wants."""

    code: int
    text: str
    width: int
    advance: float
    right: float
    up: float


class GlyphInk(NamedTuple):
    """The ink of a run in thousandths of an em: left and right of its start, below and above the baseline."""

    left: float
    bottom: float
    right: float
    top: float


class EmbeddedFont:
    """One font of a document. Remembers which glyphs were shown; `add_to` embeds those."""

    def __init__(self, font: Font) -> None:
        self._face = hb.Face(hb.Blob.from_file_path(str(font.path)), font.face)
        self._font = hb.Font(self._face)
        self._unit = 1000 / (self._face.upem or 1000)
        self._tables = set(self._face.table_tags)
        self._characters: dict[str, Glyph] = {}
        self._texts: dict[int, str] = {}
        self._widths: dict[int, int] = {}

    def may_be_embedded(self) -> bool:
        """It has outlines that a PDF can hold, and its maker allows it."""
        licence = self._face.reference_table("OS/2").data[8:10] if "OS/2" in self._tables else b""
        restricted = int.from_bytes(licence, "big") & 0xF == _RESTRICTED
        return not restricted and any(table in self._tables for table in _OUTLINES)

    def character(self, char: str) -> Glyph:
        """The glyph of a character that is drawn by itself."""
        if char not in self._characters:
            code = self._font.get_nominal_glyph(ord(char)) or 0
            width = self._width(code)
            self._characters[char] = Glyph(code, char, width, width, 0, 0)
        return self._characters[char]

    def shape(self, text: str, *, right_to_left: bool) -> list[Glyph]:
        """The glyphs from left to right."""
        buffer = hb.Buffer()
        buffer.add_codepoints([ord(char) for char in text])
        buffer.guess_segment_properties()
        buffer.direction = "rtl" if right_to_left else "ltr"
        hb.shape(self._font, buffer, {})
        clusters = _cluster_texts([info.cluster for info in buffer.glyph_infos], text)
        return [
            Glyph(
                info.codepoint,
                meaning,
                self._width(info.codepoint),
                place.x_advance * self._unit,
                place.x_offset * self._unit,
                place.y_offset * self._unit,
            )
            for info, place, meaning in zip(buffer.glyph_infos, buffer.glyph_positions, clusters, strict=True)
        ]

    def ink(self, glyphs: Sequence[Glyph]) -> GlyphInk:
        """Around all glyphs of a run."""
        boxes: list[GlyphInk] = []
        x = 0.0
        for glyph in glyphs:
            found = self._font.get_glyph_extents(glyph.code)
            if found and found.width:
                left, top = x + glyph.right + found.x_bearing * self._unit, glyph.up + found.y_bearing * self._unit
                boxes.append(GlyphInk(left, top + found.height * self._unit, left + found.width * self._unit, top))
            x += glyph.advance
        if not boxes:
            return GlyphInk(0, 0, x, 0)
        lefts, bottoms, rights, tops = zip(*boxes, strict=True)
        return GlyphInk(min(lefts), min(bottoms), max(rights), max(tops))

    def show(self, glyphs: Sequence[Glyph], *, right_to_left: bool) -> bool:
        """Embed these glyphs, if a reader of the PDF can take them for their text; otherwise nothing is done.

        A reader cannot where a character has several glyphs, where a glyph stands for another text elsewhere, and
        where it would turn a ligature around.
        """
        fresh: dict[int, str] = {}
        for glyph in glyphs:
            clear = glyph.text and glyph.width and not (right_to_left and len(glyph.text) > 1)
            known = self._texts.get(glyph.code) or fresh.setdefault(glyph.code, glyph.text)
            if not clear or known != glyph.text:
                return False
        self._texts.update(fresh)
        self._widths.update((glyph.code, glyph.width) for glyph in glyphs)
        return True

    @property
    def shown(self) -> bool:
        """Whether any glyph of it was."""
        return bool(self._widths)

    def outline(self, glyphs: Sequence[Glyph]) -> str:
        """The glyphs as a path to fill, in thousandths of an em from the start of the run."""
        pen = _PathPen(self._unit)
        x = 0.0
        for glyph in glyphs:
            pen.right, pen.up = x + glyph.right, glyph.up
            self._font.draw_glyph_with_pen(glyph.code, pen)
            x += glyph.advance
        return " ".join(pen.path)

    def add_to(self, pdf: Any, number: int) -> bytes:
        """Embed the glyphs that were used; `number` tells fonts of one document apart. The font's reference."""
        subset = self._subset()
        label = "".join(chr(65 + number // 26**place % 26) for place in range(6))
        plain = "".join(
            char for char in self._face.get_name(6) or "" if char.isascii() and (char.isalnum() or char == "-")
        )
        name = f"/{label}+{plain or 'Font'}"
        descriptor = added(pdf, self._descriptor(pdf, name, subset))
        descendant = pydyf.Dictionary(
            {
                "Type": "/Font",
                "Subtype": "/CIDFontType2" if "glyf" in self._tables else "/CIDFontType0",
                "BaseFont": name,
                "CIDSystemInfo": "<</Registry (Adobe) /Ordering (Identity) /Supplement 0>>",
                "FontDescriptor": descriptor,
                "W": pydyf.Array(self._width_rows()),
            }
        )
        if "glyf" in self._tables:
            descendant["CIDToGIDMap"] = "/Identity"
        top = pydyf.Dictionary(
            {
                "Type": "/Font",
                "Subtype": "/Type0",
                "BaseFont": name,
                "Encoding": "/Identity-H",
                "DescendantFonts": pydyf.Array([added(pdf, descendant)]),
                "ToUnicode": added(pdf, to_unicode(self._texts, 2)),
            }
        )
        return added(pdf, top)

    def _width(self, code: int) -> int:
        return round(float(self._font.get_glyph_h_advance(code)) * self._unit)

    def _subset(self) -> Any:
        wanted = hb.SubsetInput()
        wanted.glyph_set.update(self._widths)
        wanted.flags = (
            hb.SubsetFlags.RETAIN_GIDS
            | hb.SubsetFlags.NO_LAYOUT_CLOSURE
            | hb.SubsetFlags.NOTDEF_OUTLINE
            | hb.SubsetFlags.CFF_IDENTITY_CHARSET
            | hb.SubsetFlags.DOWNGRADE_CFF2
        )
        if self._face.has_var_data:
            wanted.pin_all_axes_to_default(self._face)
        else:
            wanted.drop_table_tag_set.update(int.from_bytes(tag.encode()) for tag in self._tables - _KEPT_TABLES)
        return hb.subset(self._face, wanted)

    def _descriptor(self, pdf: Any, name: str, subset: Any) -> Any:
        if "glyf" in self._tables:
            key, data, extra = "FontFile2", subset.blob.data, {}
        else:
            key, data, extra = "FontFile3", subset.reference_table("CFF ").data, {"Subtype": "/CIDFontType0C"}
        extents = self._font.get_font_extents("ltr")
        file = pydyf.Stream([data], {"Length1": len(data), **extra}, compress=True)
        return pydyf.Dictionary(
            {
                "Type": "/FontDescriptor",
                "FontName": name,
                "Flags": _SYMBOLIC,
                "FontBBox": pydyf.Array(self._box()),
                "ItalicAngle": 0,
                "Ascent": round(extents.ascender * self._unit),
                "Descent": round(extents.descender * self._unit),
                "CapHeight": 700,
                "StemV": 80,
                key: added(pdf, file),
            }
        )

    def _box(self) -> list[int]:
        head = self._face.reference_table("head").data
        edges = (int.from_bytes(head[at : at + 2], "big", signed=True) for at in range(36, 44, 2))
        return [round(edge * self._unit) for edge in edges]

    def _width_rows(self) -> Iterator[Any]:
        """`first [width width ...]` for each stretch of neighbouring codes."""
        numbered = enumerate(sorted(self._widths))
        for _, stretch in groupby(numbered, key=lambda pair: pair[1] - pair[0]):
            codes = [code for _, code in stretch]
            yield codes[0]
            yield pydyf.Array([self._widths[code] for code in codes])


class _PathPen:
    """Takes a glyph's outline down as operators of a PDF."""

    def __init__(self, unit: float) -> None:
        self._unit = unit
        self.right = self.up = 0.0
        self.path: list[str] = []
        self._last = (0.0, 0.0)

    def moveTo(self, point: _Point) -> None:  # noqa: N802 -- the names that HarfBuzz calls
        self._add("m", point)

    def lineTo(self, point: _Point) -> None:  # noqa: N802
        self._add("l", point)

    def curveTo(self, first: _Point, second: _Point, end: _Point) -> None:  # noqa: N802
        self._add("c", first, second, end)

    def qCurveTo(self, middle: _Point, end: _Point) -> None:  # noqa: N802
        """As the cubic curve that is the same."""
        near, far = (
            tuple(one + (other - one) * 2 / 3 for one, other in zip(edge, middle, strict=True))
            for edge in (self._last, end)
        )
        self._add("c", (near[0], near[1]), (far[0], far[1]), end)

    def closePath(self) -> None:  # noqa: N802
        self.path.append("h")

    def endPath(self) -> None:  # noqa: N802
        pass

    def _add(self, operator: str, *points: _Point) -> None:
        self._last = points[-1]
        placed = (f"{x * self._unit + self.right:.0f} {y * self._unit + self.up:.0f}" for x, y in points)
        self.path.append(f"{' '.join(placed)} {operator}")


def to_unicode(texts: dict[int, str], code_bytes: int) -> Any:
    """The table by which readers turn codes of so many bytes back into text."""
    digits = 2 * code_bytes
    rows = [
        f"<{code:0{digits}X}> <{text.encode('utf-16-be').hex().upper()}>"
        for code, text in sorted(texts.items(), key=itemgetter(0))
        if text
    ]
    blocks = [rows[at : at + _ROWS_OF_A_CMAP] for at in range(0, len(rows), _ROWS_OF_A_CMAP)]
    lines = [
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap",
        "/CIDSystemInfo <</Registry (Adobe) /Ordering (UCS) /Supplement 0>> def",
        "/CMapName /Adobe-Identity-UCS def /CMapType 2 def",
        f"1 begincodespacerange <{'00' * code_bytes}> <{'FF' * code_bytes}> endcodespacerange",
        *("\n".join((f"{len(block)} beginbfchar", *block, "endbfchar")) for block in blocks),
        "endcmap CMapName currentdict /CMap defineresource pop end end",
    ]
    return pydyf.Stream(lines, compress=True)


def _cluster_texts(clusters: Sequence[int], text: str) -> Iterator[str]:
    """For each glyph the characters of its cluster, but only once for a cluster of several glyphs."""
    starts = sorted({*clusters, len(text)})
    end_of = dict(pairwise(starts))
    told: set[int] = set()
    for cluster in clusters:
        yield "" if cluster in told else text[cluster : end_of[cluster]]
        told.add(cluster)


def added(pdf: Any, thing: Any) -> bytes:
    """Make a thing an object of the document; the reference to it."""
    pdf.add_object(thing)
    return bytes(thing.reference)
