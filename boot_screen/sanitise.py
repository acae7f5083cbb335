"""A name as its owner wrote it, made safe to draw; each change is told.

Names come from strangers. A newline stops the shaper, 500 combining marks draw a column of 10,000 pixels, an override
turns the neighbours around, and some letters are made to be invisible.
"""

import unicodedata
from enum import StrEnum

import regex

MOST_CODE_POINTS = 1_000  # read of one name; no name is longer, some attacks are
MOST_LATIN_MARKS = 2
MOST_MARKS = 4  # scripts whose letters carry vowels and tones as marks


class Change(StrEnum):
    """What was done to a name before it was drawn."""

    NORMALISED = "composed to its usual form (NFC)"
    SPACES = "white space folded"
    INVISIBLE = "control or invisible characters removed"
    MARKS = "piled-up marks removed"
    UNCOVERED = "characters that no font has replaced by \u3013"
    CLIPPED = "too long, cut with an ellipsis"
    NAMELESS = "nothing to draw, shown by its number"


_SPACE = regex.compile(r"[\s\u2800\u200b\u3164\uffa0\u115f\u1160]+")
_KEPT_JOINERS = "\u200c\u200d\ufe0e\ufe0f"
_INVISIBLE = regex.compile(
    rf"[\p{{Cc}}\p{{Cs}}\p{{Co}}\p{{Noncharacter_Code_Point}}\p{{Cf}}\p{{Default_Ignorable_Code_Point}}"
    rf"--[{_KEPT_JOINERS}\U000e0020-\U000e007f]]",
    regex.VERSION1,
)
# A joiner means something between emoji and in words of joining scripts; a selector after what it can select.
_STRAY = regex.compile(
    r"(?<![\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f\p{Arabic}\p{Syriac}\p{Indic_Syllabic_Category=Virama}])\u200d"
    r"|\u200d(?![\p{Extended_Pictographic}\p{Arabic}\p{Syriac}\p{L}])"
    r"|(?<![\p{Arabic}\p{Syriac}\p{Indic_Syllabic_Category=Virama}])\u200c|\u200c(?![\p{L}\p{M}])"
    r"|(?<!\p{Emoji})[\ufe0e\ufe0f]"
    r"|(?<![\U0001f3f4\U000e0020-\U000e007f])[\U000e0020-\U000e007f]+"
)
_LATIN_PILE = regex.compile(
    rf"([\p{{Latin}}\p{{Greek}}\p{{Cyrillic}}\p{{Common}}])((?:[\p{{M}}--[\ufe0e\ufe0f]]){{{MOST_LATIN_MARKS}}})[\p{{M}}--[\ufe0e\ufe0f]]+",
    regex.VERSION1,
)
_PILE = regex.compile(rf"([\p{{M}}--[\ufe0e\ufe0f]]{{{MOST_MARKS}}})[\p{{M}}--[\ufe0e\ufe0f]]+", regex.VERSION1)
_LOOSE_MARKS = regex.compile(r"(?:^|(?<=\s))\p{M}+")
_LETTER = r"[[!-~\p{L}\p{N}]--[\u115f\u1160\u3164\uffa0]]"
_LETTERS = f"{_LETTER}+"
_ALONE = regex.compile(rf"[{_LETTER}&&[\p{{NFC_Quick_Check=Y}}]]", regex.VERSION1)
_ORDINARY = regex.compile(rf"{_LETTERS}(?: {_LETTERS})*", regex.VERSION1)


def sanitise(text: str) -> tuple[str, frozenset[Change]]:
    """The text as it may be drawn, perhaps empty, and what was changed."""
    if len(text) <= MOST_CODE_POINTS and text.isalnum() and text.isascii():
        return text, frozenset()
    changes: set[Change] = set()
    if len(text) > MOST_CODE_POINTS:
        text = text[:MOST_CODE_POINTS]
        changes.add(Change.CLIPPED)
    if not (_ORDINARY.fullmatch(text) and unicodedata.is_normalized("NFC", text)):
        text = _clean(text, changes)
    return text, frozenset(changes)


def is_ordinary(char: str) -> bool:
    """Whether sanitising leaves the character alone, whatever stands beside it."""
    return bool(_ALONE.fullmatch(char))


def _clean(text: str, changes: set[Change]) -> str:
    text = _step(_SPACE.sub(" ", text).strip(), text, Change.SPACES, changes)
    text = _step(_STRAY.sub("", _INVISIBLE.sub("", text)), text, Change.INVISIBLE, changes)
    text = _step(unicodedata.normalize("NFC", text), text, Change.NORMALISED, changes)
    text = _step(_LOOSE_MARKS.sub("", _PILE.sub(r"\1", _LATIN_PILE.sub(r"\1\2", text))), text, Change.MARKS, changes)
    return _step(_SPACE.sub(" ", text).strip(), text, Change.SPACES, changes)


def _step(after: str, before: str, change: Change, changes: set[Change]) -> str:
    if after != before:
        changes.add(change)
    return after
