"""From a sanitised text to runs that can be drawn: clusters, a font for each, visual order, widths.

A run is PLAIN (its characters are drawn one by one, each from a cached mask), SHAPED (its letters join or carry marks,
so the shaper sees it whole) or EMOJI (one coloured picture). Widths are in em, so one text fits every size.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cache
from itertools import groupby
from math import inf
from operator import itemgetter
from typing import NamedTuple

import regex
from PIL import ImageFont

from boot_screen.bidi_order import levels, mirrored, visual_order
from boot_screen.fonts import EMOJI, EMOJI_STRIKE_PX, Font, vendored
from boot_screen.sanitise import is_ordinary
from boot_screen.shaping import open_font, prepared
from boot_screen.system_fonts import system_fonts

MISSING = "\u3013"  # the printer's geta mark: a letter that is not in the case
EMOJI_EM = 1.2  # width of a common emoji picture
CLUSTER = regex.compile(r"\X")  # what a reader takes for one character
_MEASURE_PX = 64
_NOT_PLAIN = regex.compile(
    r"[\p{M}\p{C}\p{Emoji_Presentation}\p{Regional_Indicator}\p{Emoji_Modifier}"
    r"\p{Bidi_Class=R}\p{Bidi_Class=AL}\p{Bidi_Class=AN}]"
)
_WANTS_COLOUR = regex.compile(
    r"\p{Emoji_Presentation}(?!\ufe0e)|\p{RI}|\p{Emoji}\ufe0f|[0-9#*]\ufe0f?\u20e3|\p{Extended_Pictographic}\p{Emoji_Modifier}"
    r"|\p{Extended_Pictographic}\u200d"
)
_UNDRAWN = regex.compile(r"[\u200c\u200d\ufe0e\ufe0f\U000e0020-\U000e007f]")
_SELECTORS = regex.compile(r"[\ufe0e\ufe0f]")


class Kind(Enum):
    PLAIN = "plain"
    SHAPED = "shaped"
    EMOJI = "emoji"


class Run(NamedTuple):
    """A stretch of one line, drawn in one way. `font` is a Font.key, empty for PLAIN; `text` is in reading order,
    but for PLAIN in visual order. `em` is its width."""

    kind: Kind
    text: str
    font: str
    right_to_left: bool
    em: float


class Line(NamedTuple):
    """A text ready to be drawn: `runs` from left to right, `em` wide. `text` is what is shown, in reading order;
    `uncovered` what no font has; `borrowed` what comes from this machine's fonts."""

    text: str
    runs: tuple[Run, ...]
    em: float
    uncovered: frozenset[str] = frozenset()
    borrowed: frozenset[str] = frozenset()


def ordinary_line(text: str, em: float) -> Line:
    """The line of a text whose Typesetter.ordinary_em is finite."""
    return Line(text, (Run(Kind.PLAIN, text, "", False, em),), em)


@dataclass(frozen=True, slots=True)
class _Cluster:
    kind: Kind
    text: str
    font: str
    uncovered: str = ""


class Typesetter:
    """Sets texts with the vendored fonts and, if asked, those of this machine. Remembers what it has measured."""

    def __init__(self, with_system_fonts: bool) -> None:
        self._with_system_fonts = with_system_fonts
        self.fonts = {font.key: font for font in vendored()}
        self._emoji = self.fonts[EMOJI]
        self._plain: dict[str, tuple[float, Font] | None] = {}
        self._widths = _Widths(self)
        self._shaped: dict[tuple[str, str, bool], float] = {}
        self._chosen: dict[str, _Cluster] = {}
        self._rulers: dict[str, ImageFont.FreeTypeFont] = {}

    def set(self, text: str) -> Line:
        """Set a sanitised text, not empty."""
        em = self._plain_em(text)
        if em is not None:
            return ordinary_line(text, em)
        clusters = [self._choose(cluster) for cluster in CLUSTER.findall(text)]
        runs = tuple(self._runs(clusters))
        return Line(
            "".join(cluster.text for cluster in clusters),
            runs,
            sum(run.em for run in runs),
            frozenset(cluster.uncovered for cluster in clusters if cluster.uncovered),
            frozenset(c.text for c in clusters if c.font and c.font not in _vendored_keys()),
        )

    def ordinary_em(self, text: str) -> float:
        """Width in em of a text that neither sanitising nor shaping can touch; infinite for any other."""
        return sum(map(self._widths.__getitem__, text))

    def plain(self, char: str) -> tuple[float, Font] | None:
        """Width in em and vendored font of a character that can be drawn by itself."""
        if char not in self._plain:
            self._plain[char] = self._look_up(char)
        return self._plain[char]

    def _look_up(self, char: str) -> tuple[float, Font] | None:
        if not _NOT_PLAIN.match(char):
            for font in self.fonts.values():
                if not font.shaped and (advance := font.advance(char)) is not None:
                    return advance, font
        return None

    def plain_font(self, char: str) -> Font | None:
        plain = self.plain(char)
        return plain[1] if plain else None

    def plain_advance(self, char: str) -> float | None:
        plain = self.plain(char)
        return plain[0] if plain else None

    def _plain_em(self, text: str) -> float | None:
        total = 0.0
        for char in text:
            plain = self.plain(char)
            if plain is None:
                return None
            total += plain[0]
        return total

    def _choose(self, cluster: str) -> _Cluster:
        if cluster not in self._chosen:
            self._chosen[cluster] = self._look_for_a_font(cluster)
        return self._chosen[cluster]

    def _look_for_a_font(self, cluster: str) -> _Cluster:
        drawn = _UNDRAWN.sub("", cluster)
        if _WANTS_COLOUR.match(cluster) and self._emoji.covers(drawn):
            return _Cluster(Kind.EMOJI, cluster, EMOJI)
        text = _SELECTORS.sub("", cluster)
        if len(text) == 1 and self.plain_advance(text) is not None:
            return _Cluster(Kind.PLAIN, text, "")
        for font in self._candidates():
            if drawn and font.covers(drawn):
                return _Cluster(Kind.EMOJI if font is self._emoji else Kind.SHAPED, text, font.key)
        if len(drawn) > 1:  # the letter without the marks that no font has is nearer to the name than a geta mark
            bare = self._look_for_a_font(drawn[0])
            return _Cluster(bare.kind, bare.text, bare.font, cluster)
        return _Cluster(Kind.PLAIN, MISSING, "", cluster)

    def _candidates(self) -> Iterator[Font]:
        yield from vendored()
        if self._with_system_fonts:
            for font in system_fonts():
                self.fonts.setdefault(font.key, font)
                yield font

    def _runs(self, clusters: list[_Cluster]) -> Iterator[Run]:
        """Neighbours of one kind, font and level make a run; each emoji is its own."""
        keyed = [
            ((cluster.kind, cluster.font, level, place if cluster.kind is Kind.EMOJI else -1), cluster.text)
            for place, (cluster, level) in enumerate(
                zip(clusters, levels([cluster.text for cluster in clusters]), strict=True)
            )
        ]
        logical = [(key, "".join(text for _, text in group)) for key, group in groupby(keyed, key=itemgetter(0))]
        for place in visual_order([key[2] for key, _ in logical]):
            (kind, font, level, _), text = logical[place]
            yield self._run(kind, text, font, bool(level % 2))

    def _run(self, kind: Kind, text: str, font: str, right_to_left: bool) -> Run:
        if kind is Kind.PLAIN:
            text = mirrored(text) if right_to_left else text
            return Run(kind, text, "", False, sum(self.plain_advance(char) or 0.0 for char in text))
        key = (font, text, right_to_left)
        if key not in self._shaped:
            self._shaped[key] = self._measure(kind, text, font, right_to_left)
        return Run(kind, text, font, right_to_left, self._shaped[key])

    def _measure(self, kind: Kind, text: str, font: str, right_to_left: bool) -> float:
        if font not in self._rulers:
            px = EMOJI_STRIKE_PX if kind is Kind.EMOJI else _MEASURE_PX
            self._rulers[font] = open_font(self.fonts[font], px)
        ruler = self._rulers[font]
        if kind is Kind.EMOJI:
            return EMOJI_EM * max(1, round(ruler.getlength(text) / ruler.getlength("\U0001f600")))
        text, direction = prepared(text, right_to_left=right_to_left)
        left, _, right, _ = ruler.getbbox(text, direction=direction, anchor="ls")
        return max(ruler.getlength(text, direction=direction), right, right - left, 1) / _MEASURE_PX


class _Widths(dict[str, float]):
    """Widths in em of ordinary characters; those that are not are infinitely wide."""

    def __init__(self, setter: Typesetter) -> None:
        super().__init__()
        self._setter = setter

    def __missing__(self, char: str) -> float:
        plain = self._setter.plain(char) if is_ordinary(char) else None
        self[char] = width = plain[0] if plain else inf
        return width


@cache
def _vendored_keys() -> frozenset[str]:
    return frozenset(font.key for font in vendored())
