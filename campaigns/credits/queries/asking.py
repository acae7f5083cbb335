"""Consent rounds: who is still to be asked, who is left out and why, what came of a round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, case, exists, func, select

from campaigns.credits.models import Consent, ConsentAsk, ConsentRound
from campaigns.credits.rules import ConsentAnswer
from campaigns.credits.rules.asking import Asking, LeftOut
from crm.accounts.models import Agreement
from crm.accounts.queries import testers
from crm.core.bulk import among, chunks
from crm.core.db import session
from crm.core.jobs import Job
from crm.outbox.models import Letter
from crm.outbox.rules import LetterState
from crm.people.models import Identity
from crm.people.queries import addresses, suppressed

CHUNK = 5000
ROUNDS_SHOWN = 20


def _unanswered(*, asked: bool) -> Select[int]:
    """Testers who have not answered: those whom a round has asked, or those whom none has."""
    answered = exists().where(Consent.person_id == Agreement.person_id)
    was_asked = exists().where(ConsentAsk.person_id == Agreement.person_id)
    return testers().where(~answered, was_asked if asked else ~was_asked)


def to_ask(after: int, limit: int) -> Sequence[int]:
    """The next testers who have not answered and whom no round has asked, by number."""
    query = _unanswered(asked=False).where(Agreement.person_id > after)
    return session().scalars(query.order_by(Agreement.person_id).limit(limit)).all()


def left_out(person_ids: Sequence[int]) -> dict[int, LeftOut]:
    """Which of these people get no letter: whom nobody may write to, and whom no letter reaches."""
    barred, reached = suppressed(person_ids), addresses(person_ids, "email")
    return {
        person_id: LeftOut.DECLINED if person_id in barred else LeftOut.NO_ADDRESS
        for person_id in person_ids
        if person_id in barred or person_id not in reached
    }


@dataclass(frozen=True)
class RoundToCome:
    """How many testers the next round asks; how many who have not answered it leaves out, by reason."""

    asks: int
    out: dict[LeftOut, int]


def round_to_come() -> RoundToCome:
    """Exact, as things stand now: it looks at everybody who would be asked."""
    before = _unanswered(asked=True).subquery()
    reached = exists().where(Identity.person_id == Agreement.person_id, Identity.kind == "email")
    people = session().execute(_unanswered(asked=False).add_columns(reached)).all()
    barred = {one for chunk in chunks(people, CHUNK) for one in suppressed([row[0] for row in chunk])}
    without = sum(1 for person_id, is_reached in people if not is_reached and person_id not in barred)
    out = {
        LeftOut.ASKED_BEFORE: session().scalar(select(func.count()).select_from(before)) or 0,
        LeftOut.DECLINED: len(barred),
        LeftOut.NO_ADDRESS: without,
    }
    asks = len(people) - len(barred) - without
    return RoundToCome(asks, {reason: count for reason, count in out.items() if count})


@dataclass(frozen=True)
class RoundFigures:
    """What came of a round. `remind_at`: when the next reminder is looked for; None when none is due any more."""

    id: int
    started_at: datetime
    asked: int
    yes: int
    no: int
    reminded: int
    remind_at: datetime | None

    @property
    def waiting(self) -> int:
        return self.asked - self.yes - self.no


def rounds(limit: int = ROUNDS_SHOWN) -> list[RoundFigures]:
    """The newest first, in one question."""
    newest = select(ConsentRound.id).order_by(ConsentRound.id.desc()).limit(limit)
    waits = and_(Consent.person_id.is_(None), ConsentAsk.remind_at.is_not(None))
    rows = session().execute(
        select(
            ConsentRound.id,
            ConsentRound.started_at,
            func.count(ConsentAsk.person_id),
            func.count(case((Consent.answer == ConsentAnswer.YES, 1))),
            func.count(case((Consent.answer == ConsentAnswer.NO, 1))),
            func.count(ConsentAsk.reminded_at),
            func.min(case((waits, ConsentAsk.remind_at))),
        )
        .outerjoin(ConsentAsk, ConsentAsk.round_id == ConsentRound.id)
        .outerjoin(Consent, Consent.person_id == ConsentAsk.person_id)
        .where(ConsentRound.id.in_(newest.cte("newest").select()))
        .group_by(ConsentRound.id, ConsentRound.started_at)
        .order_by(ConsentRound.id.desc())
    )
    return [RoundFigures(*row) for row in rows]


def asking_job() -> Job | None:
    """That of the newest round: it writes the letters, or has."""
    newest = select(ConsentRound.job_id).order_by(ConsentRound.id.desc()).limit(1).scalar_subquery()
    return session().scalar(select(Job).where(Job.id == newest))


def asked_of(person_id: int) -> ConsentAsk | None:
    """None: no round has asked this person."""
    return session().get(ConsentAsk, person_id)


def letters_to(person_ids: Sequence[int]) -> dict[int, tuple[LetterState, datetime | None]]:
    """Where the first letter of the round stands for each of these people, and when it left."""
    rows: Any = session().execute(
        select(Letter.person_id, Letter.state, Letter.sent_at).where(
            among(Letter.person_id, person_ids), Letter.occasion == Asking.ASK.value
        )
    )
    return {row[0]: (row[1], row[2]) for row in rows}


def still_waiting(person_ids: Sequence[int]) -> set[int]:
    """Those of them who are testers and have not answered."""
    return set(session().scalars(_unanswered(asked=True).where(among(Agreement.person_id, person_ids))))
