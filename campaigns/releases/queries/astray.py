"""Letters that are not where their release is."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import and_, or_, select

from campaigns.releases.models import Release
from campaigns.releases.queries.gates import stopped_build
from campaigns.releases.rules import GIVEN, ON_HOLD, ReleaseState, mark
from crm.core.db import session
from crm.outbox.models import Letter
from crm.outbox.rules import Channel, Lane, LetterState


def with_letters_astray(at: datetime) -> list[int]:
    """Releases on hold or taken back, or whose build is, with letters that wait; and those that went on while theirs
    are called back.
    """
    stopped = or_(
        Release.state.in_((ReleaseState.HELD, ReleaseState.ROLLED_BACK)),
        and_(Release.state.in_(GIVEN), stopped_build(at)),
    )
    still = {mark(number): number for number in session().scalars(select(Release.id).where(stopped))}
    found: set[int] = set()
    if still:
        notices = (Letter.state == LetterState.QUEUED, Letter.channel == Channel.MAIL, Letter.lane == Lane.NOTICE)
        waiting = select(Letter.occasion).where(*notices, Letter.occasion.in_(still))
        found.update(still[occasion] for occasion in session().scalars(waiting.distinct()))
    back = select(Letter.occasion).where(Letter.state == LetterState.CANCELLED, Letter.reason == ON_HOLD).distinct()
    went_on = set(session().scalars(back)) - set(still)
    rows = session().scalars(select(Release.id).where(Release.state != ReleaseState.CANCELLED)) if went_on else ()
    found.update(number for number in rows if mark(number) in went_on)
    return sorted(found)
