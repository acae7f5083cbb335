"""Letters that are not where their release is."""

from __future__ import annotations

from sqlalchemy import select

from campaigns.releases.models import Release
from campaigns.releases.rules import ON_HOLD, ReleaseState, mark
from crm.core.db import session
from crm.outbox.models import Letter
from crm.outbox.rules import LetterState


def with_letters_astray() -> list[int]:
    """Releases on hold or taken back whose letters still wait, and those that went on while theirs are called back."""
    stopped = Release.state.in_((ReleaseState.HELD, ReleaseState.ROLLED_BACK))
    still = {mark(number): number for number in session().scalars(select(Release.id).where(stopped))}
    found: set[int] = set()
    if still:
        waiting = select(Letter.occasion).where(Letter.state == LetterState.QUEUED, Letter.occasion.in_(still))
        found.update(still[occasion] for occasion in session().scalars(waiting.distinct()))
    back = select(Letter.occasion).where(Letter.state == LetterState.CANCELLED, Letter.reason == ON_HOLD).distinct()
    went_on = set(session().scalars(back)) - set(still)
    rows = session().scalars(select(Release.id).where(Release.state != ReleaseState.CANCELLED)) if went_on else ()
    found.update(number for number in rows if mark(number) in went_on)
    return sorted(found)
