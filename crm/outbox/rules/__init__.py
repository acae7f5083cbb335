"""Channels, the states of a letter and the moves between them, the outcomes of a touch. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo


class Channel(StrEnum):
    """`hand` letters are written by a person in a forum, QQ, WeChat ...; the touch records where."""

    MAIL = "mail"
    HAND = "hand"


class LetterState(StrEnum):
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    REFUSED = "refused"
    BOUNCED = "bounced"
    SUPPRESSED = "suppressed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    UNCERTAIN = "uncertain"


LETTER_MOVES: dict[LetterState, frozenset[LetterState]] = {
    LetterState.QUEUED: frozenset(
        {
            LetterState.SENDING,
            LetterState.SENT,
            LetterState.SUPPRESSED,
            LetterState.CANCELLED,
            LetterState.EXPIRED,
        }
    ),
    LetterState.SENDING: frozenset(
        {
            LetterState.SENT,
            LetterState.REFUSED,
            LetterState.QUEUED,
            LetterState.UNCERTAIN,
            LetterState.CANCELLED,
            LetterState.SUPPRESSED,
            LetterState.EXPIRED,
        }
    ),
    LetterState.SENT: frozenset({LetterState.BOUNCED}),
    LetterState.UNCERTAIN: frozenset({LetterState.QUEUED, LetterState.SENT, LetterState.CANCELLED}),
    LetterState.REFUSED: frozenset(),
    LetterState.BOUNCED: frozenset(),
    LetterState.SUPPRESSED: frozenset(),
    LetterState.CANCELLED: frozenset(),
    LetterState.EXPIRED: frozenset(),
}
LEAVES_FROM: dict[LetterState, tuple[LetterState, ...]] = {
    to: tuple(state for state, moves in LETTER_MOVES.items() if to in moves) for to in LetterState
}
END_STATES = frozenset(LetterState) - {LetterState.QUEUED, LetterState.SENDING}


class WhenUncertain(StrEnum):
    """What to do with a letter of which nobody knows whether it arrived."""

    ASK = "ask"
    AGAIN = "send_again"
    SENT = "take_as_sent"


class Direction(StrEnum):
    OUT = "out"
    IN = "in"


class Outcome(StrEnum):
    """What came of a touch. A refusal is final over all identities and channels."""

    SENT = "sent"
    REPLIED = "replied"
    JOINED = "joined"
    REFUSED = "refused"
    NOT_FOUND = "not_found"


class Lane(StrEnum):
    """`asked`: the person has just asked for it (sign-in link, own export); leaves first, and even when suppressed."""

    ASKED = "asked"
    NOTICE = "notice"
    CAMPAIGN = "campaign"


class SenderKind(StrEnum):
    MAILBOX = "mailbox"
    ACCOUNT = "account"


def written_from(name: str, address: str) -> str:
    """An address as a header shows it: with a name, when it has one."""
    quoted = name.replace("\\", r"\\").replace('"', r"\"")
    return f'"{quoted}" <{address}>' if name else address


class HandEnd(StrEnum):
    """What is recorded of a letter by hand: an outcome, or why it was skipped."""

    SENT = "sent"
    REPLIED = "replied"
    JOINED = "joined"
    REFUSED = "refused"
    NOT_FOUND = "not_found"
    LATER = "later"
    NOT_SUITABLE = "not_suitable"
    WRONG_CHANNEL = "wrong_channel"
    OTHER = "other"


SKIPS = (HandEnd.LATER, HandEnd.NOT_SUITABLE, HandEnd.WRONG_CHANNEL, HandEnd.OTHER)
ENDS_THE_LETTER = frozenset({HandEnd.NOT_SUITABLE, HandEnd.WRONG_CHANNEL})
"""Skips after which nobody is asked to write it again; the others put it off."""
WRITTEN = frozenset({HandEnd.SENT, HandEnd.REPLIED, HandEnd.JOINED, HandEnd.REFUSED})
UNDO_WITHIN = timedelta(minutes=10)


class KeyState(StrEnum):
    """Of a key that signs letters: its record is not in the DNS yet; it signs; it has been followed."""

    WAITING = "waiting"
    ACTIVE = "active"
    RETIRED = "retired"


KEY_MOVES: dict[KeyState, frozenset[KeyState]] = {
    KeyState.WAITING: frozenset({KeyState.ACTIVE, KeyState.RETIRED}),
    KeyState.ACTIVE: frozenset({KeyState.RETIRED}),
    KeyState.RETIRED: frozenset(),
}


class Span(StrEnum):
    """What letters are counted in."""

    HOUR = "hour"
    DAY = "day"


class Verdict(StrEnum):
    """On a record in the DNS. Doubtful: it may work, and somebody should look. Silent: the DNS could not be asked."""

    GOOD = "good"
    DOUBTFUL = "doubtful"
    BAD = "bad"
    MISSING = "missing"
    SILENT = "silent"


class LeaveAlone(StrEnum):
    """What a reader asks for: no letter of any kind on any channel, or only no more campaigns."""

    ALL = "all"
    CAMPAIGNS = "campaigns"


HELD_UNTIL = datetime(9999, 1, 1, tzinfo=UTC)
"""A letter that lacks a value is due on no day we know; a person fills it in, or cancels it."""
NEVER = datetime(9999, 1, 1, tzinfo=UTC)
"""When the next letter of a stopped campaign may leave: none does any more, whatever comes back to wait."""
STOPPED = "finished"
"""Why letters ended that had not left when their campaign was stopped."""
HELD = "lacks:"
"""How the reason of such a letter begins; the names of what it lacks follow."""


def held_for(reason: str | None) -> list[str]:
    """The placeholders that a held letter lacks."""
    return reason.removeprefix(HELD).split(",") if reason and reason.startswith(HELD) else []


PLACEHOLDERS: dict[str, str] = {
    "name": "how the person is called",
    "programme": "the programme's name",
    "link": "the person's own link for this occasion",
    "version": "the build that the letter is about",
    "reason": "why we did what the letter tells",
    "unsubscribe_link": "the page on which the person can ask to be left alone",
    "postal_address": "the sender's postal address",
    "answer": "what a member of staff answers",
    "answered": "the subject of what they answer",
}
NOT_IN_CAMPAIGNS = frozenset({"version", "reason", "answer", "answered"})
ALWAYS_FILLED = frozenset({"programme", "unsubscribe_link", "postal_address"})
"""The same in every letter, or made as it leaves."""
LINKS = frozenset({"link", "unsubscribe_link"})
"""Placeholders that are whole addresses."""

SEND_LEASE = timedelta(minutes=2)
"""Longer than the slowest letter: five answers of a mail server at its timeout."""
HAND_LEASE = timedelta(minutes=30)
PUT_OFF = timedelta(hours=4)
MOST_ATTEMPTS = 8
FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=12)
BURST = timedelta(minutes=1)


ENHANCED = re.compile(r"(?<![\d.])5\.(\d{1,3})\.(\d{1,3})(?!\.?\d)")
OF_ADDRESSES = "1"
OF_THE_SENDERS_ADDRESS = ("7", "8")
BARE = re.compile(r"55[013]\b")
ABOUT_US = re.compile(
    r"relay|denied|block|spam|polic|reputation|black ?list|auth|sender|(not|n.t) (permitted|allowed|in my list)"
    r"|拒绝|垃圾",
    re.IGNORECASE,
)


def says_no_mailbox(said: str, to: str) -> bool:
    """Whether a server's final refusal says that there is no such mailbox, not that it does not want our letters.

    By its enhanced code (RFC 3463), and without one by its code, when it answers RCPT in words that are not about us.
    """
    if to == "MAIL":
        return False
    if code := ENHANCED.search(said):
        return code[1] == OF_ADDRESSES and code[2] not in OF_THE_SENDERS_ADDRESS
    return to == "RCPT" and bool(BARE.match(said)) and not ABOUT_US.search(said)


def pause_after(attempts: int) -> timedelta:
    """How long a letter waits that the server has put off for the `attempts`th time: 1, 4, 16 minutes ... 12 hours."""
    times: int = 4 ** min(max(attempts - 1, 0), 10)
    return min(FIRST_PAUSE * times, LONGEST_PAUSE)


def may_leave(per_hour: int, next_at: datetime, at: datetime, wanted: int) -> tuple[int, datetime]:
    """How many of the `wanted` letters the pace lets go now, and when the next one after them may.

    Evenly spread; what was missed (a pause, a stop) is not caught up with, but for one minute's worth.
    """
    gap = timedelta(hours=1) / per_hour
    start = max(next_at, at - BURST)
    if start > at:
        return 0, next_at
    count = min(wanted, (at - start) // gap + 1)
    return count, start + gap * count


def is_from_us(direction: Direction, outcome: Outcome) -> bool:
    """A touch that reached the person: what the funnel counts as contacted."""
    return direction is Direction.OUT and outcome is Outcome.SENT


def asks_for_answer(direction: Direction, outcome: Outcome) -> bool:
    return direction is Direction.IN and outcome is Outcome.REPLIED


def closes(direction: Direction, outcome: Outcome, *, by_a_person: bool) -> bool:
    """Whether nobody waits for us after this touch. What leaves by itself is no answer to anybody."""
    return outcome is Outcome.REFUSED or (by_a_person and is_from_us(direction, outcome))


def seeding_left(level: int | None, posts: int, needs_level: int | None, needs_posts: int | None) -> tuple[int, int]:
    """(levels, posts) that an account lacks before it may write to people."""
    return max(0, (needs_level or 0) - (level or 0)), max(0, (needs_posts or 0) - posts)


def left_today(per_day: int | None, sent: int, held: int) -> int | None:
    """How many more an account may take on: what is on somebody's screen counts already. None: no limit."""
    return None if per_day is None else max(0, per_day - sent - held)


def day_in(zone: ZoneInfo, at: datetime) -> str:
    return at.astimezone(zone).date().isoformat()


def next_day_in(zone: ZoneInfo, at: datetime) -> datetime:
    """When a day's limits begin anew there."""
    tomorrow = at.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), zone).astimezone(UTC)
