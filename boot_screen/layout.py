"""Where everything stands: type size, pages, rows, and the box of each name."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil
from typing import NamedTuple, overload

from boot_screen.cycles import no_search_for_cycles
from boot_screen.header import Box, Header, Ink, Words, lay_out_header, page_mark
from boot_screen.naming import SetName, SetNames, set_text
from boot_screen.rows import HEADING_ROWS, Rows, line_height, px_within
from boot_screen.sanitise import Change
from boot_screen.scene import Scene, SceneError
from boot_screen.text import Line, Typesetter

FEW = 300  # up to here rows are centred with equal gaps, beyond they are justified
_GAP, _GAP_OF_FEW = 0.9, 1.15  # in em
_LEADING, _LEADING_OF_FEW = 1.3, 1.5
_TURNS = (Ink.NAMES, Ink.NAMES_TOO)
_JUSTIFIED_FROM_EM = 36  # in a narrower measure the gaps would differ too much from row to row
_LOOSEST_GAP = 2.4  # a justified row with wider gaps is centred instead
_LOOSEST_LEADING = 2.5
_HEADING_SIZE = 1.25  # of the names' size


class PlacedName(NamedTuple):
    """A name on its page. `original` as given; `name.line.text` is what is shown; the box is in px."""

    name: SetName
    words: Words


class Row(NamedTuple):
    """Names side by side: the first one's place among all names, the left edges of their boxes and the upper edge that
    they share, in px, and their type size in px per em."""

    first: int
    lefts: list[int]
    top: int
    px: int


@dataclass(frozen=True)
class Page:
    """One picture, numbered from 1: its rows of names, the headings of sections that begin on it, and its number as
    words. `all_names` are those of the whole layout."""

    number: int
    rows: tuple[Row, ...]
    mark: Words | None
    headings: tuple[Words, ...]
    all_names: SetNames

    @cached_property
    def names(self) -> tuple[PlacedName, ...]:
        """The names of this page in their places."""
        return tuple(self.placed(row, nth) for row in self.rows for nth in range(len(row.lefts)))

    def placed(self, row: Row, nth: int) -> PlacedName:
        """One name of a row, counted from 0."""
        name = self.all_names[row.first + nth]
        box = Box(row.lefts[nth], row.top, ceil(name.line.em * row.px), line_height(row.px))
        return PlacedName(name, Words(name.line, box, row.px, ink_of(row.first + nth)))


def ink_of(place: int) -> Ink:
    """Neighbours differ, so that one sees where a name ends."""
    return _TURNS[place % 2]


@dataclass(frozen=True, slots=True)
class Layout:
    """A scene laid out. `px` is the type size of the names, in px per em, save of a few that are too long for a row and
    stand in smaller type; `header` stands on each page; `shape` is the box of the silhouette on each page. `names` are
    all names in the order in which they stand, `headings` those of all sections, each with its type size.

    `typesetter` knows the fonts that the runs name. Pages are placed when they are asked for, so that a million names
    need no room for their boxes.
    """

    scene: Scene
    px: int
    header: Header
    names: SetNames
    pages: Sequence[Page]
    typesetter: Typesetter
    shape: Box | None
    headings: Sequence[tuple[Line, int]]
    heading_changes: frozenset[Change]

    def words_on(self, page: Page) -> Iterator[Words]:
        """Everything that is written on one page."""
        yield from self.words_around(page)
        yield from (placed.words for placed in page.names)

    def words_around(self, page: Page) -> Iterator[Words]:
        """What is written on one page beside the names."""
        yield from self.header.words
        yield from page.headings
        if page.mark:
            yield page.mark

    def changed(self) -> Iterator[SetName]:
        """The names that are not drawn exactly as given."""
        return (name for name in self.names.special if name.changes)

    def borrowed(self) -> frozenset[str]:
        """Clusters drawn with this machine's fonts, because no font of this package has them."""
        return frozenset().union(*(name.line.borrowed for name in self.names.special))

    def uncovered(self) -> frozenset[str]:
        """Clusters that no font has."""
        return frozenset().union(*(name.line.uncovered for name in self.names.special))

    def uncommon_lines(self) -> Iterator[tuple[Line, int]]:
        """Every line with its type size, save the names that are drawn from characters of this package alone."""
        yield from ((words.line, words.px) for words in self.header.words)
        yield from self.headings
        room = self.header.body.width
        yield from ((name.line, px_within(name.line.em, self.px, room)) for name in self.names.special)


def lay_out(scene: Scene) -> Layout:
    """Lay a scene out in the largest type that fits.

    All names on one page if that keeps the type at `scene.least_px` or more; otherwise on as few pages as that size
    needs, filled evenly. Raises SceneError when the scene cannot be drawn.
    """
    scene.check()
    return lay_out_from(scene, scene.least_px)


@no_search_for_cycles()
def lay_out_from(scene: Scene, lowest: int) -> Layout:
    """As lay_out, with the smallest size taken from `lowest` instead: for measurements only, no check is made."""
    setter = Typesetter(scene.system_fonts)
    header = lay_out_header(scene, setter)
    body = header.body
    sections = scene.sections()
    names = SetNames((name for _, some in sections for name in some), setter, body.width / lowest)
    few = len(names) <= FEW
    ends = _ends([len(some) for _, some in sections])
    if any(heading for heading, _ in sections) and body.height < (HEADING_ROWS + 1) * lowest * _LEADING_OF_FEW:
        raise SceneError(
            "This screen has no room for headings above names. Leave the sections out, or shorten the title."
        )
    rows = Rows(
        names.widths,
        _GAP_OF_FEW if few else _GAP,
        _LEADING_OF_FEW if few else _LEADING,
        ends=ends,
        headings=sum(1 for heading, _ in sections if heading),
    )
    highest = max(lowest, round(min(scene.screen.width, scene.screen.height) * (0.055 if header.words else 0.07)))
    pages = 1
    px = rows.largest_px(body.width, body.height, pages, lowest, highest)
    if px is None:
        pages = rows.pages_needed(lowest, body.width, body.height)
        px = rows.largest_px(body.width, body.height, pages, lowest, highest) or lowest
    headings, changes = _headings([heading for heading, _ in sections], px, body, setter)
    plan = _Plan(rows, px, body, pages, justified=not few and body.width / px >= _JUSTIFIED_FROM_EM)
    plan.divide({first: line for first, line in zip([0, *ends], headings, strict=False) if line}, set(ends))
    return Layout(
        scene,
        px,
        header,
        names,
        _Pages(scene, setter, names, plan),
        setter,
        _shape(scene, body),
        [(line, _heading_px(px)) for line in headings if line],
        changes,
    )


def _ends(lengths: list[int]) -> list[int]:
    total = 0
    return [total := total + length for length in lengths]


def _headings(texts: list[str], px: int, body: Box, setter: Typesetter) -> tuple[list[Line | None], frozenset[Change]]:
    """Each section's heading, set; None for one without."""
    lines: list[Line | None] = []
    changes: frozenset[Change] = frozenset()
    for text in texts:
        line, changed = set_text(text, setter, body.width / _heading_px(px)) if text else (None, frozenset())
        lines.append(line)
        changes |= changed
    return lines, changes


def _heading_px(px: int) -> int:
    return round(px * _HEADING_SIZE)


def _shape(scene: Scene, body: Box) -> Box | None:
    """The silhouette in the middle of the room for names, as large as it takes."""
    if scene.silhouette is None:
        return None
    width, height = scene.silhouette.size_within(body.width, body.height)
    return Box(body.x + (body.width - width) // 2, body.y + (body.height - height) // 2, width, height)


class _Item(NamedTuple):
    """A row of names from `first` to `end` (exclusive), or a heading; `top` counts rows from the page's first."""

    top: int
    first: int
    end: int
    heading: Line | None = None
    last: bool = False


class _Plan:
    """Rows and headings spread evenly over pages."""

    def __init__(self, rows: Rows, px: int, body: Box, pages: int, *, justified: bool) -> None:
        self.rows, self.px, self.body, self.justified = rows, px, body, justified
        self.measure = rows.narrowest(px, body.width)
        self._asked = pages
        self.pages: list[list[_Item]] = []
        self.pitch = self.top = 0.0

    def divide(self, headings: dict[int, Line], section_ends: set[int]) -> None:
        """`headings` by the place of the section's first name."""
        ends = self.rows.breaks(self.measure / self.px)
        spans = list(zip([0, *ends], ends, strict=False))
        total = len(spans) + HEADING_ROWS * len(headings)
        count = min(self._asked, len(spans))
        pages: list[list[_Item]] = [[] for _ in range(count)]
        done = page = top = 0
        for first, end in spans:
            heading = headings.get(first)
            height = 1 + (HEADING_ROWS if heading else 0)
            # A page ends where its share of all rows ends; a heading goes with its first row.
            while page + 1 < count and done + height > (page + 1) * total // count and top:
                page, top = page + 1, 0
            if heading:
                pages[page].append(_Item(top, first, first, heading))
                top += HEADING_ROWS
            pages[page].append(_Item(top, first, end, last=end in section_ends))
            top, done = top + 1, done + height
        self.pages = [items for items in pages if items]
        fullest = max(items[-1].top + 1 for items in self.pages)
        # Small sizes take the page's height exactly; few rows are set together in its middle.
        self.pitch = min(self.body.height / max(fullest, 1), self.px * _LOOSEST_LEADING)
        self.top = self.body.y + max(0.0, self.body.height - self.pitch * fullest) * 0.46

    def row(self, item: _Item, *, last: bool) -> Row:
        """A row of names in its place. A name that is too long for a row is alone in it, in smaller type."""
        px, body = self.px, self.body
        top = self.top + self.pitch * item.top + (self.pitch - line_height(px)) / 2
        em = self.rows.natural(item.first, item.end)
        if item.end - item.first == 1 and (smaller := px_within(em, px, body.width)) < px:
            left = body.x + (body.width - em * smaller) / 2
            middle = (line_height(px) - line_height(smaller)) // 2
            return Row(item.first, [int(left)], round(top) + middle, smaller)
        gap = self.rows.gap * px
        spare, wider = self.measure - em * px, 0.0
        if self.justified and not last and item.end - item.first > 1:
            each = spare / (item.end - item.first - 1)
            if gap + each <= _LOOSEST_GAP * px:
                spare, wider = 0.0, each
        left = body.x + (body.width - self.measure) / 2 + spare / 2
        offsets = self.rows.offsets(item.first, item.end)
        return Row(
            item.first, [int(left + offset * px + wider * nth) for nth, offset in enumerate(offsets)], round(top), px
        )


class _Pages(Sequence[Page]):
    """The pages of a plan, each placed when it is asked for."""

    def __init__(self, scene: Scene, setter: Typesetter, names: SetNames, plan: _Plan) -> None:
        self._scene, self._setter, self._names, self._plan = scene, setter, names, plan

    def __len__(self) -> int:
        return len(self._plan.pages)

    @overload
    def __getitem__(self, number: int) -> Page: ...

    @overload
    def __getitem__(self, number: slice) -> list[Page]: ...

    def __getitem__(self, number: int | slice) -> Page | list[Page]:
        if isinstance(number, slice):
            return [self._page(one) for one in range(*number.indices(len(self)))]
        return self._page(range(len(self))[number])

    def _page(self, number: int) -> Page:
        plan = self._plan
        items = plan.pages[number]
        rows = [plan.row(one, last=one.last or one is items[-1]) for one in items if not one.heading]
        headings = [self._heading(one.heading, one.top) for one in items if one.heading]
        mark = page_mark(number + 1, len(self), self._scene, self._setter) if len(self) > 1 else None
        return Page(number + 1, tuple(rows), mark, tuple(headings), self._names)

    def _heading(self, line: Line, row: int) -> Words:
        """In the lower part of its room, nearer to its names than to those before it."""
        plan = self._plan
        px = _heading_px(plan.px)
        foot = plan.top + plan.pitch * (row + HEADING_ROWS) - max(0.0, (plan.pitch - line_height(plan.px)) / 2)
        width = ceil(line.em * px)
        left = plan.body.x + (plan.body.width - width) // 2
        return Words(line, Box(left, round(foot) - line_height(px), width, line_height(px)), px, Ink.TITLE)
