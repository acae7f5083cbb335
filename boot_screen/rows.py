"""Breaking a list of widths into rows, and finding the largest type at which the rows fit.

Widths and gaps are in em; a measure is the width of a row in px. A heading stands in the room of HEADING_ROWS rows.
"""

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from heapq import nlargest
from itertools import accumulate

ABOVE, BELOW = 1.0, 0.3  # a row of type reaches so far from the baseline, in em
HEADING_ROWS = 2
FEWEST = 3  # among fewer names none is the odd one
MOST_LONG = 20


class Rows:
    """Names of the given widths, in order, at least `gap` apart in a row, in rows at least `leading` apart.

    A few long names do not make all others small: one of a hundred, at most MOST_LONG, may be wider than a row at the
    size of all; it then stands in a row of its own, at the size of px_within. `widest` is the widest of the others.

    `ends` are the places where a section ends (exclusive), the last one the number of names; `headings` says how many
    sections have a heading.
    """

    def __init__(
        self, widths: Sequence[float], gap: float, leading: float, *, ends: Sequence[int] = (), headings: int = 0
    ) -> None:
        self.gap, self._leading = gap, leading
        self._ends = ends or (len(widths),)
        self._headings = headings
        self._starts = array("d", accumulate((width + gap for width in widths), initial=0.0))
        self.widest = _widest_but_for_a_few(widths)

    def breaks(self, measure_em: float) -> list[int]:
        """Where each row ends (exclusive), filled greedily; a section begins a new row. A width above the measure gets
        a row of its own."""
        starts = self._starts
        ends: list[int] = []
        first = 0
        for last in self._ends:
            while first < last:
                end = bisect_right(starts, starts[first] + measure_em + self.gap + 1e-9, first + 1, last + 1) - 1
                first = max(end, first + 1)
                ends.append(first)
        return ends

    def natural(self, first: int, end: int) -> float:
        """Width of a row with its smallest gaps, in em."""
        return self._starts[end] - self._starts[first] - self.gap

    def offsets(self, first: int, end: int) -> list[float]:
        """From the start of a row to each of its names, with the smallest gaps, in em."""
        starts = self._starts
        return [start - starts[first] for start in starts[first:end]]

    def largest_px(self, measure: int, height: int, pages: int, lowest: int, highest: int) -> int | None:
        """The largest size, within the bounds, at which everything fits on so many pages; None when even the lowest
        does not."""
        if not self._fits(lowest, measure, height, pages):
            return None
        fits, too_large = lowest, highest + 1
        while too_large - fits > 1:
            middle = (fits + too_large) // 2
            if self._fits(middle, measure, height, pages):
                fits = middle
            else:
                too_large = middle
        return fits

    def pages_needed(self, px: int, measure: int, height: int) -> int:
        return -(-self._height(measure / px) // self._room(height, px, 2))

    def narrowest(self, px: int, measure: int) -> int:
        """The least measure, in px, that needs no more rows than the full one: the last row is then not a stub."""
        wanted = len(self.breaks(measure / px))
        too_narrow, enough = int(self.widest * px), measure
        while enough - too_narrow > 1:
            middle = (too_narrow + enough) // 2
            if len(self.breaks(middle / px)) <= wanted:
                enough = middle
            else:
                too_narrow = middle
        return enough

    def _fits(self, px: int, measure: int, height: int, pages: int) -> bool:
        if self.widest * px > measure:
            return False
        return self._height(measure / px) <= pages * self._room(height, px, pages)

    def _height(self, measure_em: float) -> int:
        """Of everything, in rows."""
        return len(self.breaks(measure_em)) + HEADING_ROWS * self._headings

    def _room(self, height: int, px: int, pages: int) -> int:
        """How many rows a page is sure to take: a heading that would end a page moves on to the next."""
        rows = self._rows_of(height, px)
        return max(1, rows - HEADING_ROWS) if self._headings and pages > 1 else rows

    def _rows_of(self, height: int, px: int) -> int:
        """How many rows of this size a height holds, at least one."""
        return max(1, int(height / max(px * self._leading, line_height(px))))


def px_within(em: float, px: int, measure: int) -> int:
    """The size of a name that may be too long for its row, in px: that of all, or the largest at which it fits."""
    return px if em * px <= measure else int(measure / em)


def _widest_but_for_a_few(widths: Sequence[float]) -> float:
    few = min(MOST_LONG, max(len(widths) // 100, 1)) if len(widths) >= FEWEST else 0
    return nlargest(few + 1, widths)[-1]


def line_height(px: int) -> int:
    """Height of a row of type at a size, in px."""
    return -(-px * 13 // 10)
