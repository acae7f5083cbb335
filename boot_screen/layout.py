"""Where everything stands: type size, pages, rows, and the box of each name."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from typing import NamedTuple

from boot_screen.header import Box, Header, Ink, Words, lay_out_header, page_mark
from boot_screen.naming import SetName, set_names
from boot_screen.rows import Rows, line_height
from boot_screen.scene import Scene
from boot_screen.text import Typesetter

FEW = 300  # up to here rows are centred with equal gaps, beyond they are justified
_GAP, _GAP_OF_FEW = 0.9, 1.15  # in em
_LEADING, _LEADING_OF_FEW = 1.3, 1.5
_TURNS = (Ink.NAMES, Ink.NAMES_TOO)
_JUSTIFIED_FROM_EM = 36  # in a narrower measure the gaps would differ too much from row to row
_LOOSEST_GAP = 2.4  # a justified row with wider gaps is centred instead
_LOOSEST_LEADING = 2.5


class PlacedName(NamedTuple):
    """A name on its page. `original` as given; `name.line.text` is what is shown; the box is in px."""

    name: SetName
    words: Words


@dataclass(frozen=True, slots=True)
class Page:
    """One picture, numbered from 1."""

    number: int
    names: tuple[PlacedName, ...]
    mark: Words | None


@dataclass(frozen=True, slots=True)
class Layout:
    """A scene laid out. `px` is the type size of the names, in px per em; `header` stands on each page.

    `typesetter` knows the fonts that the runs name.
    """

    scene: Scene
    px: int
    header: Header
    pages: tuple[Page, ...]
    typesetter: Typesetter

    def changed(self) -> Iterator[SetName]:
        """The names that are not drawn exactly as given."""
        return (placed.name for page in self.pages for placed in page.names if placed.name.changes)

    def borrowed(self) -> frozenset[str]:
        """Clusters drawn with this machine's fonts, because no font of this package has them."""
        return frozenset().union(*(placed.name.line.borrowed for page in self.pages for placed in page.names))

    def uncovered(self) -> frozenset[str]:
        """Clusters that no font has."""
        return frozenset().union(*(placed.name.line.uncovered for page in self.pages for placed in page.names))


def lay_out(scene: Scene) -> Layout:
    """Lay a scene out in the largest type that fits.

    All names on one page if that keeps the type at `scene.min_px` or more; otherwise on as few pages as that size
    needs, filled evenly. Raises SceneError when the scene cannot be drawn.
    """
    scene.check()
    return lay_out_from(scene, scene.min_px)


def lay_out_from(scene: Scene, lowest: int) -> Layout:
    """As lay_out, with the smallest size taken from `lowest` instead: for measurements only, no check is made."""
    setter = Typesetter(scene.system_fonts)
    header = lay_out_header(scene, setter)
    body = header.body
    names = set_names(scene.names, setter, body.width / lowest)
    few = len(names) <= FEW
    rows = Rows([name.line.em for name in names], _GAP_OF_FEW if few else _GAP, _LEADING_OF_FEW if few else _LEADING)
    highest = max(lowest, round(min(scene.screen.width, scene.screen.height) * (0.055 if header.words else 0.07)))
    pages = 1
    px = rows.largest_px(body.width, body.height, pages, lowest, highest)
    if px is None:
        pages = rows.pages_needed(lowest, body.width, body.height)
        px = rows.largest_px(body.width, body.height, pages, lowest, highest) or lowest
    plan = _Plan(rows, px, body, pages, justified=not few and body.width / px >= _JUSTIFIED_FROM_EM)
    placed = tuple(_pages(scene, setter, names, plan))
    return Layout(scene, px, header, placed, setter)


class _Plan:
    """Rows spread evenly over pages."""

    def __init__(self, rows: Rows, px: int, body: Box, pages: int, *, justified: bool) -> None:
        self.rows, self.px, self.body, self.justified = rows, px, body, justified
        self.measure = rows.narrowest(px, body.width)
        ends = rows.breaks(self.measure / px)
        self.spans = list(zip([0, *ends], ends, strict=False))
        self.pages = min(pages, len(self.spans))
        fullest = -(-len(self.spans) // self.pages)
        # Small sizes take the page's height exactly; few rows are set together in its middle.
        self.pitch = min(body.height / max(fullest, 1), px * _LOOSEST_LEADING)
        self.top = body.y + max(0.0, body.height - self.pitch * fullest) * 0.46

    def spans_of(self, page: int) -> list[tuple[int, int]]:
        """The rows of a page, counted from 0, as (first name, end)."""
        count = len(self.spans)
        return self.spans[page * count // self.pages : (page + 1) * count // self.pages]

    def lefts(self, first: int, end: int, *, last: bool) -> list[float]:
        """Left edges of a row's names, in px, from the left of the screen."""
        natural = self.rows.natural(first, end) * self.px
        gap = self.rows.gap * self.px
        spare = self.measure - natural
        if self.justified and not last and end - first > 1:
            wider = gap + spare / (end - first - 1)
            if wider <= _LOOSEST_GAP * self.px:
                gap, spare = wider, 0.0
        left = self.body.x + (self.body.width - self.measure) / 2 + spare / 2
        return [left + self.rows.offset(first, name) * self.px + (gap - self.rows.gap * self.px) * (name - first)
                for name in range(first, end)]  # fmt: skip


def _pages(scene: Scene, setter: Typesetter, names: list[SetName], plan: _Plan) -> Iterator[Page]:
    for page in range(plan.pages):
        spans = plan.spans_of(page)
        placed: list[PlacedName] = []
        for row, (first, end) in enumerate(spans):
            top = plan.top + plan.pitch * row + (plan.pitch - line_height(plan.px)) / 2
            lefts = plan.lefts(first, end, last=row == len(spans) - 1)
            placed.extend(_place(names[first:end], lefts, round(top), plan.px, first))
        mark = page_mark(page + 1, plan.pages, scene, setter) if plan.pages > 1 else None
        yield Page(page + 1, tuple(placed), mark)


def _place(names: list[SetName], lefts: list[float], top: int, px: int, first: int) -> Iterator[PlacedName]:
    height = line_height(px)
    for place, (name, left) in enumerate(zip(names, lefts, strict=True), start=first):
        box = Box(int(left), top, ceil(name.line.em * px), height)
        yield PlacedName(name, Words(name.line, box, px, _TURNS[place % 2]))
