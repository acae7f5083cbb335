"""The fonts that come with this package, and which characters each covers."""

import functools
import json
from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
EMOJI = "emoji.ttf"
EMOJI_STRIKE_PX = 54  # the one size at which the emoji font holds pictures


@dataclass(frozen=True, slots=True)
class Font:
    """One font file. `shaped`: its letters join or stack, so runs of it go through the shaper as a whole.

    `key` names it in runs; the coverage is three equally long rows: first and last code point, and advance in em.
    """

    key: str
    path: Path
    face: int
    shaped: bool
    sha256: str
    firsts: tuple[int, ...]
    lasts: tuple[int, ...]
    advances: tuple[float, ...]

    def advance(self, char: str) -> float | None:
        """Width in em, or None when the font lacks the character."""
        code = ord(char)
        row = bisect_right(self.firsts, code) - 1
        return self.advances[row] if row >= 0 and code <= self.lasts[row] else None

    def covers(self, text: str) -> bool:
        return all(self.advance(char) is not None for char in text)


@functools.cache
def record() -> dict[str, Any]:
    """fonts.json as make_fonts.py wrote it."""
    data: dict[str, Any] = json.loads((FOLDER / "fonts.json").read_text(encoding="utf-8"))
    return data


@functools.cache
def vendored() -> tuple[Font, ...]:
    """The fonts in order of choice; emoji last."""
    return tuple(_font(entry) for entry in record()["fonts"])


def _font(entry: dict[str, Any]) -> Font:
    firsts, lasts, thousandths = zip(*entry["coverage"], strict=True)
    return Font(
        key=entry["file"],
        path=FOLDER / entry["file"],
        face=0,
        shaped=entry["shaped"],
        sha256=entry["sha256"],
        firsts=firsts,
        lasts=lasts,
        advances=tuple(each / 1000 for each in thousandths),
    )
