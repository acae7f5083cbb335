"""Trains and releases."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta

from flask_babel import gettext as _
from sqlalchemy import and_, or_, select

from campaigns.audience.models import Audience
from campaigns.releases.models import Release, Train, TrainHoliday
from campaigns.releases.rules import STAYS_OPEN, STAYS_OPEN_DAILY, ReleaseState, Turn, mark
from crm.builds.models import Build, BuildAccess
from crm.core.db import session
from crm.core.errors import NotAllowed, NotThere
from crm.core.jobs import Job, JobState
from crm.core.journal import JournalEntry
from crm.core.paging import Page, SortKey, page
from crm.core.tokens import read, sign
from crm.outbox.models import Letter

LINK = "release"
PAGE_LIVES = timedelta(days=90)
"""The link in a release's letter opens its page for so long, also to whoever else has read the letter."""
STEPS = ("move_release", "overrule_gate", "let_release_go")
MOST_STEPS = 50


def train_or_404(train_id: int) -> Train:
    found = session().get(Train, train_id)
    if found is None:
        raise NotThere(_("There is no such train."))
    return found


def release_or_404(release_id: int) -> Release:
    found = session().get(Release, release_id)
    if found is None:
        raise NotThere(_("There is no such release."))
    return found


def page_token(release_id: int, person_id: int) -> str:
    """What stands behind /r/ in the link that a release's letter carries."""
    return sign(LINK, [release_id, person_id])


def read_page_token(token: str) -> tuple[int, int]:
    """Release and person. Raises NotAllowed for a token that we have not made."""
    found = read(LINK, token)
    if not (isinstance(found, list) and len(found) == 2):
        raise NotAllowed(_("This link is not valid: copy it whole, or ask for a new one."))
    return int(found[0]), int(found[1])


def has_ended(release: Release, person_id: int, at: datetime) -> bool:
    """Whether a personal link is older than PAGE_LIVES: it counts from the release's letter, and for who got none from
    when they were given the build, or the release opened.
    """
    given = select(BuildAccess.granted_at).where(
        BuildAccess.build_id == release.build_id, BuildAccess.person_id == person_id
    )
    written = select(Letter.queued_at).where(Letter.person_id == person_id, Letter.occasion == mark(release.id))
    since = (session().scalar(given), session().scalar(written), release.opened_at)
    return max((one for one in since if one is not None), default=at) + PAGE_LIVES < at


def trains() -> list[Train]:
    return list(session().scalars(select(Train).order_by(Train.active.desc(), Train.name)))


def holidays_of(train_ids: Collection[int]) -> dict[tuple[int, date], str]:
    """(train, day on which it does not leave) -> why."""
    query = select(TrainHoliday).where(TrainHoliday.train_id.in_(train_ids)).order_by(TrainHoliday.day_on)
    return {(free.train_id, free.day_on): free.why for free in session().scalars(query)}


def releases_page(after: str | None, before: str | None) -> Page:
    """Every release, the latest departure first."""
    query = (
        select(
            Release.id,
            Release.state,
            Release.opens_at,
            Train.name.label("train"),
            Build.version,
        )
        .join(Train, Train.id == Release.train_id)
        .outerjoin(Build, Build.id == Release.build_id)
    )
    keys = [SortKey(Release.opens_at, descending=True), SortKey(Release.id, descending=True)]
    return page(query, keys, after=after, before=before)


def steps_taken(release_id: int) -> list[JournalEntry]:
    """What people and the schedule did with a release, the last first."""
    query = select(JournalEntry).where(JournalEntry.subject == mark(release_id), JournalEntry.action.in_(STEPS))
    return list(session().scalars(query.order_by(JournalEntry.id.desc()).limit(MOST_STEPS)))


def releases_of_week(week: int) -> list[Release]:
    """Those of all weekly trains that leave in this week, and are not cancelled."""
    query = select(Release).where(Release.week == week, Release.day == 0, Release.state != ReleaseState.CANCELLED)
    return list(session().scalars(query.order_by(Release.opens_at, Release.id)))


def planned_turns(train_ids: Collection[int], first: int, last: int) -> dict[tuple[int, Turn], Release]:
    """(train, turn) -> release, of these weeks."""
    query = select(Release).where(Release.train_id.in_(train_ids), Release.week.between(first, last))
    return {(release.train_id, release.turn): release for release in session().scalars(query)}


def outstayed(at: datetime) -> list[int]:
    """Releases whose week, or day, is over: all opened ones, and those of which a wave has waited for so long. Of a
    daily train also those that nobody has let go: there is the next one.
    """
    week, day = at - STAYS_OPEN, at - STAYS_OPEN_DAILY
    waited = and_(
        Release.state == ReleaseState.OPENING,
        or_(Release.opened_at <= week, and_(Release.day > 0, Release.opened_at <= day)),
    )
    over = and_(
        Release.state == ReleaseState.OPEN,
        or_(Release.opens_at <= week, and_(Release.day > 0, Release.opens_at <= day)),
    )
    stayed = and_(
        Release.state.in_((ReleaseState.FROZEN, ReleaseState.REHEARSED)),
        Train.goes_itself.is_(False),
        Release.go_at.is_(None),
        Release.day > 0,
        Release.opens_at <= day,
    )
    idle = or_(Job.id.is_(None), Job.state == JobState.DONE)
    query = (
        select(Release.id)
        .join(Train, Train.id == Release.train_id)
        .outerjoin(Job, Job.id == Release.job_id)
        .where(or_(over, and_(or_(waited, stayed), idle)))
    )
    return list(session().scalars(query.order_by(Release.id)))


def audiences() -> list[tuple[int, str]]:
    """Saved audiences to choose from: (id, name)."""
    rows = session().execute(select(Audience.id, Audience.name).order_by(Audience.name))
    return [(number, name) for number, name in rows]


def audience_name(audience_id: int | None) -> str | None:
    return session().scalar(select(Audience.name).where(Audience.id == audience_id)) if audience_id else None


def release_titles(releases: list[Release]) -> list[tuple[Release, str]]:
    """Each with the train's name and the version it brings."""
    if not releases:
        return []
    ids = [release.id for release in releases]
    rows = session().execute(
        select(Release.id, Train.name, Build.version)
        .join(Train, Train.id == Release.train_id)
        .outerjoin(Build, Build.id == Release.build_id)
        .where(Release.id.in_(ids))
    )
    titles = {number: f"{train} {version}" if version else train for number, train, version in rows}
    return [(release, titles[release.id]) for release in releases]
