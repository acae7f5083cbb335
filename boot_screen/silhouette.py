"""A shape behind the names: from an SVG or PNG of a stranger to a mask, without letting the file do anything else."""

import hashlib
import io
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from xml.etree import ElementTree as ET

import resvg_py
from PIL import Image, ImageChops, ImageOps

FOLDER = Path(__file__).parent / "silhouettes"
LARGEST_FILE = 1024 * 1024  # bytes
LARGEST_PICTURE = 16_000_000  # pixels
_MOST_ELEMENTS = 5_000
_DEEPEST = 64
_DRAWN_AT = 2048  # px of the longer side at which an outline becomes a mask
_SHAPES = frozenset(
    {"svg", "g", "path", "rect", "circle", "ellipse", "polygon", "polyline", "line", "defs", "clipPath"}
)
_WORDS = frozenset({"title", "desc", "metadata", "namedview"})  # of drawing programs; nothing in them is drawn
_LEADS_OUT = re.compile(r"url\s*\(|@import|javascript:|data:", re.IGNORECASE)
_FAINT = 8


class SilhouetteError(ValueError):
    """The file is no silhouette; the message says what to change."""


@dataclass(frozen=True, slots=True)
class Silhouette:
    """A shape, kept as the bytes of its file. Made by `of_file` or `named`, which look at it first."""

    data: bytes

    def size_within(self, width: int, height: int) -> tuple[int, int]:
        """How large the shape is, in px, where it fills a box and keeps its proportions."""
        whole = _whole(self.data)
        scale = min(width / whole.width, height / whole.height)
        return max(1, round(whole.width * scale)), max(1, round(whole.height * scale))

    def mask(self, width: int, height: int) -> Image.Image:
        """The shape at exactly this size in px (mode L, 255 inside)."""
        return _whole(self.data).resize((width, height), Image.Resampling.LANCZOS)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


def known_silhouettes() -> list[str]:
    """The names of the shapes that come with this package."""
    return sorted(path.stem for path in FOLDER.glob("*.svg"))


def named(name: str) -> Silhouette:
    """A shape that comes with this package. Raises SilhouetteError for an unknown name."""
    if name not in known_silhouettes():
        raise SilhouetteError(f"There is no silhouette {name!r}; there is {', '.join(known_silhouettes())}.")
    return of_data((FOLDER / f"{name}.svg").read_bytes())


def of_file(path: Path) -> Silhouette:
    """From an SVG or PNG file. Raises SilhouetteError."""
    try:
        with path.open("rb") as file:
            return of_data(file.read(LARGEST_FILE + 1))
    except OSError as error:
        raise SilhouetteError(f"{path} cannot be read: {error.strerror}. Give an SVG or a PNG.") from None


def of_data(data: bytes) -> Silhouette:
    """From the bytes of an SVG or PNG. Raises SilhouetteError."""
    if len(data) > LARGEST_FILE:
        raise SilhouetteError("A silhouette of more than 1 MB is too large. Simplify it.")
    _whole(data)
    return Silhouette(data)


@lru_cache(maxsize=16)
def _whole(data: bytes) -> Image.Image:
    """The shape cropped to its ink, as large as it was drawn."""
    mask = _of_png(data) if data.startswith(b"\x89PNG") else _of_svg(data)
    box = mask.point([0] * _FAINT + [255] * (256 - _FAINT)).getbbox()
    if box is None:
        raise SilhouetteError("There is nothing to see in this silhouette. Give it a filled shape.")
    if mask.point([255] * (256 - _FAINT) + [0] * _FAINT).getbbox() is None:
        raise SilhouetteError("This silhouette fills its whole picture. Give it a transparent or white ground.")
    return mask.crop(box)


def _of_png(data: bytes) -> Image.Image:
    """What is opaque is inside; in a picture without transparency, what differs from its corner."""
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as picture:
            if picture.width * picture.height > LARGEST_PICTURE:
                raise SilhouetteError("A silhouette of more than 16 megapixels is too large. Make it smaller.")
            whole = picture.convert("RGBA")
    except (OSError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise SilhouetteError("This PNG cannot be read. Save it again as a PNG.") from None
    alpha = whole.getchannel("A")
    if alpha.point([255] * 255 + [0]).getbbox():
        return alpha
    flat = whole.convert("RGB")
    ground = flat.crop((0, 0, 1, 1)).resize(flat.size)
    return ImageOps.autocontrast(ImageChops.difference(flat, ground).convert("L"))


def _of_svg(data: bytes) -> Image.Image:
    _check_svg(data)
    try:
        drawn = resvg_py.svg_to_bytes(svg_string=data.decode("utf-8-sig"), width=_DRAWN_AT, skip_system_fonts=True)
    except ValueError as error:
        raise SilhouetteError(f"This SVG cannot be drawn ({error}). Save it as a plain SVG.") from None
    with Image.open(io.BytesIO(bytes(drawn)), formats=["PNG"]) as picture:
        return picture.convert("RGBA").getchannel("A")


def _check_svg(data: bytes) -> None:
    """Shapes only: nothing that names something outside, repeats itself, or runs."""
    plain = "Save the silhouette as a plain SVG of filled paths."
    if re.search(rb"<!\s*(DOCTYPE|ENTITY)", data, re.IGNORECASE):
        raise SilhouetteError(f"An SVG with a DOCTYPE or entities is refused. {plain}")
    try:
        data.decode("utf-8-sig")
        root = ET.fromstring(data)  # noqa: S314 -- no entities: refused above
    except (ET.ParseError, UnicodeDecodeError, ValueError):
        raise SilhouetteError(f"This is neither a PNG nor an SVG in UTF-8. {plain}") from None
    if _tag(root) != "svg":
        raise SilhouetteError(f"This XML is no SVG. {plain}")
    _check_sides(root)
    waiting, seen = [(root, 1)], 0
    while waiting:
        element, depth = waiting.pop()
        seen += 1
        if seen > _MOST_ELEMENTS or depth > _DEEPEST:
            raise SilhouetteError(f"This SVG has too many parts. {plain}")
        if _tag(element) in _WORDS:
            continue
        _check_element(element, plain)
        waiting.extend((child, depth + 1) for child in element)


def _check_element(element: ET.Element, plain: str) -> None:
    if _tag(element) not in _SHAPES:
        raise SilhouetteError(f"<{_tag(element)[:40]}> is refused in a silhouette. {plain}")
    for name, value in element.attrib.items():
        bare = name.rpartition("}")[2].lower()
        if bare == "href" or bare.startswith("on") or _LEADS_OUT.search(value):
            raise SilhouetteError(f"The attribute {bare[:40]} is refused in a silhouette. {plain}")


def _check_sides(root: ET.Element) -> None:
    """A strip of one pixel by a million would be drawn as high as it is narrow."""
    box = [float(part) for part in re.findall(r"-?[0-9.]+(?:e-?[0-9]+)?", root.get("viewBox", ""))[:4]]
    sides = box[2:] if len(box) == 4 else [_length(root.get("width")), _length(root.get("height"))]
    if min(sides) <= 0 or max(sides) / min(sides) > 8:
        raise SilhouetteError("Give the SVG a viewBox, its longer side at most 8 times the shorter.")


def _length(text: str | None) -> float:
    found = re.match(r"\s*([0-9]+(?:\.[0-9]+)?)", text or "")
    return float(found[1]) if found else 0.0


def _tag(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]
