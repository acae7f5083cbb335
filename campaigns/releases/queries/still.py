"""Releases that go no further until a person, or the testers, do something."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import or_, select

from campaigns.releases.models import Release, Train
from campaigns.releases.queries.figures import evidence_for
from campaigns.releases.queries.gates import is_offered, next_wave
from campaigns.releases.queries.releases import release_titles
from campaigns.releases.queries.waves import waves_of
from campaigns.releases.rules import GIVING, Evidence, Gate, Lack, ReleaseState, lacks
from crm.core.db import session
from crm.core.jobs import Job, JobState


@dataclass(frozen=True)
class Standing:
    """Why a release stands still: with a wave, at the gate before it; else broken off, without a build that people can
    get, on hold, or until a person lets it go.
    """

    release: Release
    title: str
    wave: int | None
    gate: Gate
    seen: Evidence
    lacks: list[Lack]
    broke_off: bool = False
    no_build: bool = False


def waiting(release: Release, train: Train) -> tuple[int | None, Evidence, list[Lack]]:
    """The wave that waits at its gate, what was seen, what is missing; no wave when none waits."""
    nothing: tuple[int | None, Evidence, list[Lack]] = (None, Evidence(), [])
    if release.state is not ReleaseState.OPENING or train.gate.is_open:
        return nothing
    wave = next_wave(waves_of(release))
    if wave is None or wave.position == 0 or wave.opened_at is not None or wave.overruled_at is not None:
        return nothing
    seen = evidence_for(release, train.gate)
    missing = lacks(train.gate, seen)
    return (wave.position, seen, missing) if missing else nothing


def waits_for_a_person(release: Release, train: Train) -> bool:
    """It has been rehearsed, or frozen where there is no rehearsal, and leaves only when somebody lets it go."""
    last = ReleaseState.FROZEN if train.rehearsal_hours is None else ReleaseState.REHEARSED
    return release.state is last and not train.goes_itself and release.go_at is None


def standing_still(at: datetime) -> list[Standing]:
    """Broken off, without its build, on hold, at a gate, waiting for a person: the next to leave first."""
    states = (ReleaseState.HELD, ReleaseState.FROZEN, *GIVING)
    rows = session().execute(
        select(Release, Train, Job.state)
        .join(Train, Train.id == Release.train_id)
        .outerjoin(Job, Job.id == Release.job_id)
        .where(Release.state.in_(states), or_(Release.state != ReleaseState.FROZEN, Train.goes_itself.is_(False)))
        .order_by(Release.opens_at, Release.id)
        .limit(20)
    )
    stopped = []
    for release, train, job in rows.all():
        wave, seen, missing = waiting(release, train)
        if release.state in GIVING and job is JobState.FAILED:
            stopped.append(Standing(release, "", None, train.gate, seen, [], broke_off=True))
        elif release.state in GIVING and not is_offered(release, at):
            stopped.append(Standing(release, "", None, train.gate, seen, [], no_build=True))
        elif release.state is ReleaseState.HELD or wave is not None or waits_for_a_person(release, train):
            stopped.append(Standing(release, "", wave, train.gate, seen, missing))
    titles = {release.id: title for release, title in release_titles([one.release for one in stopped])}
    return [replace(one, title=titles[one.release.id]) for one in stopped]
