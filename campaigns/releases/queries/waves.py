"""The waves of a release, and who is in each."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Select, and_, exists, func, not_, or_, select, true

from campaigns.audience.models import FrozenMember
from campaigns.audience.queries import people_of
from campaigns.releases.models import Release, Train, TrainWave, Wave
from campaigns.releases.rules import (
    CORE_TAG,
    PLAIN,
    REHEARSING,
    WHOLE,
    ReleaseState,
    Step,
    WaveKind,
    mark,
    place_of,
    seed_of,
)
from crm.accounts.models import Agreement, Credential
from crm.accounts.queries import running_agreements, staff_ids, testers
from crm.builds.models import Build, BuildAccess
from crm.builds.queries.seats import seated_after, without_seat
from crm.core.db import session
from crm.core.errors import NotThere
from crm.people.models import Person
from crm.people.queries import matching


def steps_of(train_id: int) -> list[Step]:
    """The waves of a train, in order."""
    rows = session().scalars(select(TrainWave).where(TrainWave.train_id == train_id).order_by(TrainWave.position))
    return [Step(row.kind, row.notify, row.percent) for row in rows] or list(PLAIN)


def waves_of(release: Release) -> list[Wave]:
    """The waves of a release, in order; those of its train, not kept yet, while it is planned."""
    if release.state is ReleaseState.PLANNED:
        return [
            Wave(release_id=release.id, position=position, kind=step.kind, percent=step.percent, notify=step.notify)
            for position, step in enumerate(steps_of(release.train_id))
        ]
    return list(session().scalars(select(Wave).where(Wave.release_id == release.id).order_by(Wave.position)))


def wave_or_404(release: Release, position: int) -> Wave:
    found = next((wave for wave in waves_of(release) if wave.position == position), None)
    if found is None:
        raise NotThere(_("This release has no such wave."))
    return found


def _core(train_id: int, at: datetime, person: Any) -> ColumnElement[bool]:
    """Of those who are testers: in the train's audience for it, else who wears the tag."""
    audience_id = session().get_one(Train, train_id).core_audience_id
    chosen = matching({"tag": CORE_TAG}, at) if audience_id is None else people_of(audience_id, at)
    return person.in_(select(chosen.subquery().c[0]))  # type: ignore[no-any-return]  # a column's in_ is a clause


def _drawn(release_id: int, wave: Wave, person: Any) -> ColumnElement[bool]:
    return place_of(person, seed_of(release_id, wave.position)) < (wave.percent or 0) * WHOLE // 100  # type: ignore[no-any-return]  # a column's < is a clause


def _belongs(release: Release, wave: Wave, at: datetime, person: Any = Person.id) -> ColumnElement[bool]:
    if wave.kind is WaveKind.CORE:
        return _core(release.train_id, at, person)
    return _drawn(release.id, wave, person) if wave.kind is WaveKind.SHARE else true()


def _audience(release: Release, at: datetime) -> Select[int]:
    """The testers whom the release is for."""
    if release.audience_id is None:
        return testers()
    return testers().where(Person.id.in_(select(people_of(release.audience_id, at).subquery().c[0])))


def people_in(release: Release, wave: Wave, waves: list[Wave], at: datetime) -> Select[int]:
    """The people of a wave: as they were frozen, without those who have left since; else as they are now."""
    everybody = staff_ids() if wave.kind is WaveKind.STAFF else testers()
    if wave.list_id is not None:
        listed = select(FrozenMember.person_id).where(FrozenMember.list_id == wave.list_id)
        return everybody.where(Person.id.in_(listed))
    if wave.kind is WaveKind.STAFF:
        return everybody
    everybody = _audience(release, at)
    earlier = [one for one in waves if one.position < wave.position and one.kind is not WaveKind.STAFF]
    return everybody.where(_belongs(release, wave, at), *(not_(_belongs(release, before, at)) for before in earlier))


def sample_of(release: Release, language: str, at: datetime) -> Person | None:
    """Somebody whom the release is for, if there is one rather a reader of this language."""
    meant = select(Person).where(Person.id.in_(_audience(release, at))).order_by(Person.id).limit(1)
    return session().scalar(meant.where(Person.language == language)) or session().scalar(meant)


def size(people: Select[int]) -> int:
    return session().scalar(select(func.count()).select_from(people.subquery())) or 0


def sizes(release: Release, waves: list[Wave], at: datetime) -> dict[int, int]:
    """How many people each wave holds now, by its position. Waves without lists are told apart in one walk."""
    if any(wave.list_id is not None for wave in waves):
        people = [people_in(release, wave, waves, at).subquery() for wave in waves]
        asked = (select(func.count()).select_from(one).scalar_subquery() for one in people)
        counts = session().execute(select(*asked)).one()
        return {wave.position: count for wave, count in zip(waves, counts, strict=True)}
    found = {wave.position: size(staff_ids()) if wave.kind is WaveKind.STAFF else 0 for wave in waves}
    others = [wave for wave in waves if wave.kind is not WaveKind.STAFF]
    if not others:
        return found
    person = Agreement.person_id
    walk = running_agreements()
    if release.audience_id is not None:
        walk = walk.where(person.in_(select(people_of(release.audience_id, at).subquery().c[0])))
    belongs = [_belongs(release, wave, at, person) for wave in others]
    firsts = [and_(here, *map(not_, belongs[:place])) for place, here in enumerate(belongs)]
    counts = session().execute(walk.with_only_columns(*(func.count().filter(first) for first in firsts))).one()
    found.update((wave.position, count) for wave, count in zip(others, counts, strict=True))
    return found


def frozen_sizes(waves: list[Wave]) -> dict[int, int]:
    """How many people each wave was frozen with, by its position."""
    lists = {wave.list_id: wave.position for wave in waves if wave.list_id is not None}
    if not lists:
        return {}
    query = select(FrozenMember.list_id, func.count()).where(FrozenMember.list_id.in_(lists))
    found = dict(session().execute(query.group_by(FrozenMember.list_id)).all())
    return {position: found.get(list_id, 0) for list_id, position in lists.items()}


def given_sizes(release: Release, waves: list[Wave]) -> dict[int, int]:
    """How many people have the build by each wave that went through without a list, by its position; in one walk."""
    asked = [wave for wave in waves if wave.list_id is None and wave.done_at is not None]
    if not asked or release.build_id is None:
        return {}

    def got(wave: Wave) -> ColumnElement[bool]:
        if wave.kind is WaveKind.STAFF:
            return Person.is_staff.is_(True)
        earlier = [one for one in waves if one.position < wave.position and one.kind is not WaveKind.STAFF]
        at = wave.opened_at or release.opens_at
        others = (not_(_belongs(release, before, at)) for before in earlier)
        return and_(Person.is_staff.is_(False), _belongs(release, wave, at), *others)

    walk = (
        select(*(func.count().filter(got(wave)) for wave in asked))
        .select_from(BuildAccess)
        .join(Person, Person.id == BuildAccess.person_id)
        .where(BuildAccess.build_id == release.build_id, BuildAccess.granted_by == mark(release.id))
    )
    return {wave.position: count for wave, count in zip(asked, session().execute(walk).one(), strict=True)}


def late(release: Release, waves: list[Wave], limit: int, at: datetime) -> dict[int, list[int]]:
    """Who came after the audience was settled and belongs to the wave that runs: people by its position.

    Testers when a wave of more than the core has opened, staff when theirs has.
    """
    since = release.frozen_at or release.opened_at
    opened = [wave for wave in waves if wave.opened_at is not None]
    if since is None or release.build_id is None or not opened:
        return {}
    has = exists().where(BuildAccess.build_id == release.build_id, BuildAccess.person_id == Person.id)
    found: dict[int, list[int]] = {}
    wide = [wave for wave in opened if wave.kind not in REHEARSING]
    if wide:
        platform = session().scalars(select(Build.platform).where(Build.id == release.build_id)).one()
        got_seat = seated_after(platform, since)
        in_it = or_(*(Person.id.in_(people_in(release, wave, waves, since)) for wave in opened))
        come = _audience(release, at).where(
            or_(Agreement.accepted_at > since, and_(Person.id.in_(got_seat), in_it)),
            not_(has),
            Person.id.not_in(without_seat(platform)),
        )
        found[wide[-1].position] = list(session().scalars(come.order_by(Person.id).limit(limit)))
    staffs = next((wave for wave in opened if wave.kind is WaveKind.STAFF), None)
    if staffs is not None and staffs.done_at is not None:
        come = staff_ids().where(Credential.created_at > since, not_(has)).order_by(Person.id).limit(limit)
        found.setdefault(staffs.position, []).extend(session().scalars(come))
    return {position: people for position, people in found.items() if people}
