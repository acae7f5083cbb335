"""Channels, the states of a letter and the moves between them, the outcomes of a touch. Pure."""

from __future__ import annotations

from enum import StrEnum


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
        {LetterState.SENDING, LetterState.SENT, LetterState.SUPPRESSED, LetterState.CANCELLED, LetterState.EXPIRED}
    ),
    LetterState.SENDING: frozenset(
        {LetterState.SENT, LetterState.REFUSED, LetterState.QUEUED, LetterState.UNCERTAIN, LetterState.CANCELLED}
    ),
    LetterState.SENT: frozenset({LetterState.BOUNCED}),
    LetterState.UNCERTAIN: frozenset({LetterState.QUEUED, LetterState.SENT, LetterState.CANCELLED}),
    LetterState.REFUSED: frozenset(),
    LetterState.BOUNCED: frozenset(),
    LetterState.SUPPRESSED: frozenset(),
    LetterState.CANCELLED: frozenset(),
    LetterState.EXPIRED: frozenset(),
}
END_STATES = frozenset(LetterState) - {LetterState.QUEUED, LetterState.SENDING}


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
    """`asked`: the person has just asked for it (sign-in link, own export); it leaves first and even when suppressed."""

    ASKED = "asked"
    NOTICE = "notice"
    CAMPAIGN = "campaign"


class SenderKind(StrEnum):
    MAILBOX = "mailbox"
    ACCOUNT = "account"
