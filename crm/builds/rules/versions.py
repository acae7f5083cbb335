"""In which order versions come. Pure.

Three schemes are read: dates (`2026-11-27`, `20261127.2`), semantic versions with what is before a release
(`2.0.0-beta.3`, see https://semver.org, 11), and any row of numbers as in `1.8.12` or `V4.0.1`.
"""

from __future__ import annotations

import re
from datetime import date

Place = tuple[tuple[int, ...], tuple[tuple[int, int, str], ...]]
"""The numbers, then what comes after them: less than `RELEASED` for what is before a release."""

_DATE = re.compile(r"(\d{4})([-./]?)(\d{2})\2(\d{2})(?!\d)(.*)")
_NUMBERS = re.compile(r"(\d{1,18}(?:\.\d{1,18})*)(.*)")
_WORDS = re.compile(r"\d{1,18}|[^\d.\-_+ ]+")
RELEASED = (2, 0, "")
_LATER = (3, 0, "")


def _words(text: str) -> tuple[tuple[int, int, str], ...]:
    """Numbers before words, numbers by their size: as semantic versions order what is before a release."""
    return tuple((0, int(word), "") if word.isdecimal() else (1, 0, word.lower()) for word in _WORDS.findall(text))


def _rest(text: str) -> tuple[tuple[int, int, str], ...]:
    """What is built after `+` orders nothing; `-rc.1` is before the release, `b` as in `1.8.12b` after it."""
    text = text.partition("+")[0].strip()
    if not text:
        return (RELEASED,)
    return _words(text) if text[0] in "-~" else (_LATER, *_words(text))


def place_of(version: str) -> Place | None:
    """Where it stands among versions of its kind; None for a name without an order, such as `golden-orange`."""
    plain = version.strip().removeprefix("v").removeprefix("V")
    if found := _DATE.fullmatch(plain):
        year, month, day = int(found[1]), int(found[3]), int(found[4])
        try:
            date(year, month, day)
        except ValueError:
            pass
        else:
            more = tuple(int(number) for number in re.findall(r"\d{1,18}", found[5]))
            return (year, month, day, *more), (RELEASED,)
    if found := _NUMBERS.fullmatch(plain):
        return tuple(int(number) for number in found[1].split(".")), _rest(found[2])
    return None


def goes_back(version: str, newest: str) -> bool:
    """Whether `version` is older than `newest`, as far as both have an order."""
    this, that = place_of(version), place_of(newest)
    return this is not None and that is not None and this < that
