"""From a name as given to the line that is drawn, with every change told."""

from array import array
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple, overload

import regex

from boot_screen.sanitise import Change, sanitise
from boot_screen.scene import Name
from boot_screen.text import CLUSTER, MISSING, Line, Typesetter, ordinary_line

MOST_CLUSTERS = 64
ELLIPSIS = "\u2026"
_NOTHING: frozenset[Change] = frozenset()
_VISIBLE = regex.compile(r"[^\p{Z}\p{C}\p{M}]")


class SetName(NamedTuple):
    """A name ready to be placed. `changes` is empty when the name is drawn exactly as given."""

    id: str
    original: str
    line: Line
    changes: frozenset[Change]


class SetNames(Sequence[SetName]):
    """Names in their order, none wider than `most_em`, and their widths in em.

    Most names are ordinary: they are drawn as given, and set anew whenever they are asked for, which costs less than
    to keep a million of them. `special` are the others: only these can be changed, coloured or in a borrowed font.
    """

    def __init__(self, names: Iterable[Name], setter: Typesetter, most_em: float) -> None:
        self._names, self._setter = list(names), setter
        self._special: dict[int, SetName] = {}
        self.widths = array("d")
        for place, name in enumerate(self._names):
            em = setter.ordinary_em(name.text)
            if not 0 < em <= most_em or len(name.text) > MOST_CLUSTERS:
                self._special[place] = special = _set_name(name, setter, most_em)
                em = special.line.em
            self.widths.append(em)

    def __len__(self) -> int:
        return len(self._names)

    @overload
    def __getitem__(self, place: int) -> SetName: ...

    @overload
    def __getitem__(self, place: slice) -> list[SetName]: ...

    def __getitem__(self, place: int | slice) -> SetName | list[SetName]:
        if isinstance(place, slice):
            return [self._at(one) for one in range(*place.indices(len(self)))]
        return self._at(range(len(self))[place])

    def ordinary(self, first: int, count: int) -> Iterator[tuple[str | None, float]]:
        """Of each of `count` names the text that is drawn as given, or None for a special one, and the width in em."""
        for place in range(first, first + count):
            yield None if place in self._special else self._names[place].text, self.widths[place]

    @property
    def special(self) -> Collection[SetName]:
        return self._special.values()

    def _at(self, place: int) -> SetName:
        if place in self._special:
            return self._special[place]
        name = self._names[place]
        return SetName(name.id, name.text, ordinary_line(name.text, self.widths[place]), _NOTHING)


def _set_name(name: Name, setter: Typesetter, most_em: float) -> SetName:
    line, changes = set_text(name.text, setter, most_em)
    if line is None:
        lost = setter.set(shown).uncovered if (shown := sanitise(name.text)[0]) else frozenset()
        line, _ = set_text(f"tester #{name.id}", setter, most_em)
        line = line and line._replace(uncovered=line.uncovered | lost)
        changes |= {Change.NAMELESS}
    if line is None:
        raise AssertionError("a text that begins with a letter has something to draw")
    return SetName(name.id, name.text, line, changes)


def set_text(text: str, setter: Typesetter, most_em: float) -> tuple[Line | None, frozenset[Change]]:
    """Sanitise and set one text; None when nothing of it can be drawn."""
    shown, changes = sanitise(text)
    line = setter.set(shown) if shown else None
    if line is None or not _VISIBLE.search(shown):
        return None, changes
    if line.em > most_em or len(shown) > MOST_CLUSTERS:
        line, clipped = _clip(line, shown, setter, most_em)
        changes |= {Change.CLIPPED} if clipped else set()
    if line.uncovered:
        changes |= {Change.UNCOVERED}
    elif line.text != shown and Change.CLIPPED not in changes:
        changes |= {Change.INVISIBLE}  # a selector without a picture to select
    something = _VISIBLE.search(line.text.replace(MISSING, "").removesuffix(ELLIPSIS))
    return (line if something or not (line.uncovered or Change.CLIPPED in changes) else None), changes


def _clip(line: Line, shown: str, setter: Typesetter, most_em: float) -> tuple[Line, bool]:
    """The longest beginning that fits with an ellipsis, between whole clusters."""
    clusters = CLUSTER.findall(shown)
    if len(clusters) <= MOST_CLUSTERS and line.em <= most_em:
        return line, False
    fits, too_many = 0, min(len(clusters), MOST_CLUSTERS)
    while too_many - fits > 1:
        middle = (fits + too_many) // 2
        if _beginning(clusters, middle, setter).em <= most_em:
            fits = middle
        else:
            too_many = middle
    return _beginning(clusters, fits, setter), True


def _beginning(clusters: list[str], count: int, setter: Typesetter) -> Line:
    return setter.set("".join(clusters[:count]).rstrip() + ELLIPSIS)
