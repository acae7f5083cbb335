"""Requests: kinds, severities, states and the moves between them; heat; words to search by. Pure."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from enum import StrEnum

HALF_LIFE = timedelta(days=14)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
COLD = 0.0
"""The stored heat of a request that nobody needs: colder than any supporter since 1970."""
LONGEST_TITLE = 150
LONGEST_TEXT = 5000
MOST_TOKENS = 12


class RequestKind(StrEnum):
    FAULT = "fault"
    IDEA = "idea"


class Severity(StrEnum):
    MINOR = "minor"
    MAJOR = "major"
    BLOCKER = "blocker"


class RequestState(StrEnum):
    OPEN = "open"
    PLANNED = "planned"
    SHIPPED = "shipped"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


REQUEST_MOVES: dict[RequestState, frozenset[RequestState]] = {
    RequestState.OPEN: frozenset(
        {RequestState.PLANNED, RequestState.SHIPPED, RequestState.DECLINED, RequestState.WITHDRAWN}
    ),
    RequestState.PLANNED: frozenset({RequestState.OPEN, RequestState.SHIPPED, RequestState.DECLINED}),
    RequestState.SHIPPED: frozenset({RequestState.OPEN}),
    RequestState.DECLINED: frozenset({RequestState.OPEN}),
    RequestState.WITHDRAWN: frozenset(),
}
STAFF_MOVES: dict[RequestState, tuple[RequestState, ...]] = {
    state: tuple(to for to in RequestState if to in moves and to is not RequestState.WITHDRAWN)
    for state, moves in REQUEST_MOVES.items()
}


# Heat by forward decay: heat(now) = sum w_i 2^(-(now - t_i) / H). Stored is L = log2 sum w_i 2^(t_i / H), which does
# not depend on now: heat(now) = 2^(L - now / H), so the order by L is the order by heat at any later moment.


def exponent(at: datetime) -> float:
    """t / H, with t counted from 1970."""
    return (at - EPOCH) / HALF_LIFE


def warmed(heat: float, at: datetime, weight: float = 1.0) -> float:
    """L with one more supporter, in the form that no moment overflows: max(L, x) + log2(1 + 2^-|L - x|)."""
    new = exponent(at) + math.log2(weight)
    if heat == COLD:
        return new
    return max(heat, new) + math.log2(1.0 + 2.0 ** -abs(heat - new))


def heat_of(moments: Iterable[datetime]) -> float:
    """L of all supporters, each of weight 1; COLD of none. Does not depend on their order."""
    exponents = [exponent(at) for at in moments]
    if not exponents:
        return COLD
    top = max(exponents)
    return top + math.log2(math.fsum(2.0 ** (one - top) for one in exponents))


def heat_at(heat: float, now: datetime) -> float:
    """The heat at a moment: a supporter of this moment counts 1, one of two weeks ago a half."""
    return 0.0 if heat == COLD else 2.0 ** (heat - exponent(now))


def takes_support(state: RequestState) -> bool:
    return state is not RequestState.WITHDRAWN


RUNS = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\u3040-\u30ff\uac00-\ud7af\U00020000-\U0003ffff]+|[^\W_]+")


def _is_packed(run: str) -> bool:
    """Written without spaces between words: Chinese, Japanese, and Korean whose words carry their particles."""
    first = ord(run[0])
    return 0x3040 <= first <= 0x9FFF or 0xAC00 <= first <= 0xD7AF or 0xF900 <= first <= 0xFAFF or first >= 0x20000


def _parts(text: str) -> Iterator[str]:
    for run in RUNS.findall(unicodedata.normalize("NFKC", text).casefold()):
        if _is_packed(run) and len(run) > 1:
            yield from (run[at : at + 2] for at in range(len(run) - 1))
        else:
            yield run


def tokens(text: str) -> list[str]:
    """Words in small letters, and each two neighbouring characters of scripts without spaces; each once, in order."""
    return list(dict.fromkeys(_parts(text)))
