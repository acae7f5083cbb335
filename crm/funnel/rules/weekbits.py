"""Weeks as bits: 64 of a person's weeks in one signed word, and whole histories as one Python integer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

ERA = 64
WORD = (1 << ERA) - 1
SIGN = 1 << (ERA - 1)


def signed(word: int) -> int:
    """A word as the database keeps it: two's complement in a signed column of 64 bits."""
    return word - (1 << ERA) if word & SIGN else word


def history(words: Iterable[tuple[int, int]], base: int) -> int:
    """Words as (era, bits) put together: bit i is week `base * 64 + i`. No word may lie before the era `base`."""
    bits = 0
    for era, word in words:
        bits |= (word & WORD) << ((era - base) * ERA)
    return bits


def words_of(weeks: Iterable[int]) -> dict[int, int]:
    """Weeks by number as era -> word, unsigned."""
    words: dict[int, int] = {}
    for week in weeks:
        era, position = divmod(week, ERA)
        words[era] = words.get(era, 0) | (1 << position)
    return words


def lowest(bits: int) -> int:
    """The position of the lowest set bit; -1 when none is set."""
    return (bits & -bits).bit_length() - 1


def highest(bits: int) -> int:
    """The position of the highest set bit; -1 when none is set."""
    return bits.bit_length() - 1


def positions(bits: int) -> Iterator[int]:
    while bits:
        yield lowest(bits)
        bits &= bits - 1


def span(start: int, end: int) -> int:
    """Bits from `start` up to, not including, `end`."""
    return ((1 << end) - 1) & ~((1 << start) - 1) if end > start else 0


def in_window(bits: int, end: int, window: int) -> int:
    """How many of the `window` bits that end with bit `end` are set."""
    low = end - window + 1
    return ((bits >> low if low > 0 else bits) & ((1 << (end - max(low, 0) + 1)) - 1)).bit_count() if end >= 0 else 0


def at_least(bits: int, needed: int, window: int, width: int) -> int:
    """The word whose bit i, for i below `width`, says that at least `needed` of the `window` bits up to i are set.

    Counts for all positions at once, in planes of binary digits, so that the cost does not grow with the weeks.
    """
    mask = (1 << width) - 1
    if not bits:
        return 0 if needed > 0 else mask
    if needed == 1:
        return _any_of(bits, window) & mask
    planes: list[int] = []
    for shift in range(window):
        carry = (bits << shift) & mask
        for digit, plane in enumerate(planes):
            planes[digit], carry = plane ^ carry, plane & carry
            if not carry:
                break
        if carry:
            planes.append(carry)
    return _not_below(planes, needed, mask)


def _any_of(bits: int, window: int) -> int:
    reach = 1
    while reach * 2 <= window:
        bits |= bits << reach
        reach *= 2
    return bits | bits << (window - reach)


def _not_below(planes: list[int], needed: int, mask: int) -> int:
    """Where the number that the planes spell, lowest digit first, is `needed` or more."""
    if needed >> len(planes):
        return 0
    more, same = 0, mask
    for digit in range(len(planes) - 1, -1, -1):
        if needed >> digit & 1:
            same &= planes[digit]
        else:
            more |= same & planes[digit]
            same &= ~planes[digit]
    return more | same
