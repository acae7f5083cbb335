"""One release: where it stands, what comes next, what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import render_template
from flask_babel import format_datetime
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from campaigns.releases.actions import ALL, in_all, letter_texts
from campaigns.releases.models import Release, Train, Wave
from campaigns.releases.queries import (
    at_the_same_age,
    audience_name,
    blockers_of,
    figures,
    frozen_sizes,
    given_sizes,
    hours_of,
    is_offered,
    one_before,
    release_or_404,
    sample_of,
    sizes,
    steps_taken,
    train_or_404,
    waiting,
    waits_for_a_person,
    waves_of,
)
from campaigns.releases.rules import BEFORE_ANYBODY, GIVEN, Notify, ReleaseState, WaveKind
from campaigns.releases.views import bp
from campaigns.releases.views.words import (
    LETTER_WORDS,
    NOTIFY_WORDS,
    departures,
    gate_words,
    lack_words,
    step_by,
    step_words,
    wave_name,
)
from crm.builds.models import Build
from crm.builds.queries import artefacts_of
from crm.core import programme
from crm.core.db import session
from crm.core.errors import NotThere
from crm.core.guards import May, staff, viewer
from crm.core.jobs import Job
from crm.core.tokens import whole_address
from crm.core.web import letter_page
from crm.invites.queries import qr_picture
from crm.outbox.queries.rendering import rendered, said_subject, values_of
from crm.people.models import Person

SHOWN = 5
"""Blocker reports on the page; the list of requests has the others."""


@dataclass(frozen=True)
class Row:
    """A wave as the page tells it, with how many people it has given the build, or will."""

    wave: Wave
    name: str
    notify: str
    people: int


@dataclass(frozen=True)
class Tried:
    """A step that was refused: in which words, and the reason that was typed for it. `moved_on`: it came too late."""

    step: str = ""
    refused: str = ""
    why: str = ""
    moved_on: bool = False


NOTHING_TRIED = Tried()


@dataclass(frozen=True)
class Step:
    """One thing that was done with a release; `key`: to which state it went, or which wave was let through."""

    key: str
    title: str
    who: str
    at: datetime
    detail: str


def _steps(release: Release) -> list[Step]:
    steps = []
    for one in steps_taken(release.id):
        after = one.after or {}
        key = f"wave:{after.get('wave')}" if one.action == "overrule_gate" else str(after.get("state", ""))
        steps.append(Step(key, step_words(one), step_by(one), one.at, str(after.get("why", ""))))
    return steps


def _build(release: Release) -> Build | None:
    return session().get(Build, release.build_id) if release.build_id is not None else None


def _texts(release: Release, train: Train, waves: list[Wave]) -> dict[str, tuple[str, str]]:
    """The letters that its waves will write, by language, and that in all of them, as long as none has left."""
    build = _build(release)
    if build is None or release.state not in BEFORE_ANYBODY:
        return {}
    texts = letter_texts(build, train, programme.required().languages)
    kinds = {wave.notify for wave in waves}
    written = texts if Notify.LETTER in kinds else {}
    return {**written, ALL: in_all(texts)} if Notify.ALL_LANGUAGES in kinds else written


def _curve(release: Release) -> tuple[list[str], list[dict[str, Any]]] | None:
    """Labels and lines of the chart; None before there are two points."""
    hours = hours_of(release)
    if len(hours) < 2:
        return None
    lines = {
        "given": _("have it"),
        "downloaded": _("downloaded it"),
        "ran": _("ran it"),
        "reported": _("reported"),
        "blockers": _("blockers"),
    }
    labels = [format_datetime(hour.hour_at, "short") for hour in hours]
    return labels, [{"label": said, "values": [getattr(hour, name) for hour in hours]} for name, said in lines.items()]


def _last_week(release: Release, at: datetime) -> dict[str, Any] | None:
    """The train's release before this one, as long after its opening as this one is now."""
    before = one_before(release)
    then = at_the_same_age(before, release, min(at, release.closed_at or at)) if before is not None else None
    return {"release": before, "given": then.given, "ran": then.ran, "blockers": then.blockers} if then else None


def _rows(release: Release, waves: list[Wave]) -> list[Row]:
    if release.state is ReleaseState.PLANNED:
        counted = sizes(release, waves, programme.moment())
    else:
        counted = frozen_sizes(waves) | given_sizes(release, waves)
        if any(wave.position not in counted for wave in waves):
            counted = sizes(release, waves, programme.moment()) | counted
    return [
        Row(wave, wave_name(wave.kind, wave.percent), str(NOTIFY_WORDS[wave.notify]), counted.get(wave.position, 0))
        for wave in waves
    ]


@bp.get("/releases/<int:release_id>")
@staff(May.SEE)
def show(release_id: int) -> str:
    return page_of(release_id)


def page_of(release_id: int, tried: Tried = NOTHING_TRIED) -> str:
    release = release_or_404(release_id)
    train = train_or_404(release.train_id)
    reader = session().get(Person, viewer().person_id)
    waves = waves_of(release)
    rows = _rows(release, waves)
    opened = any(wave.opened_at is not None for wave in waves)
    counted = {True: 0, False: 0}
    for row in rows:
        counted[row.wave.kind is WaveKind.STAFF] += row.people
    stops_at, seen, missing = waiting(release, train)
    steps = _steps(release)
    last = {step.key: step for step in reversed(steps)}
    return render_template(
        "releases/release.html",
        release=release,
        tried=tried,
        steps=steps,
        last_step=last,
        train=train,
        build=_build(release),
        address=(address := whole_address(f"/get/{release.id}")),
        qr=qr_picture(address) if opened else None,
        has_file=bool(release.build_id and artefacts_of(release.build_id)),
        audience=audience_name(release.audience_id),
        rows=rows,
        staff=counted[True],
        testers=counted[False],
        opened=opened,
        figures=figures(release, programme.moment()) if opened else None,
        blockers=blockers_of(release.build_id, SHOWN) if opened and release.build_id else [],
        curve=_curve(release) if opened else None,
        last_week=_last_week(release, programme.moment()),
        letter_words=LETTER_WORDS,
        departures=departures(release.opens_at, train.zone, reader.zone if reader else None),
        job=session().get(Job, release.job_id) if release.job_id else None,
        subjects={code: said_subject(text[0], {}) for code, text in _texts(release, train, waves).items()},
        gate=gate_words(train.gate),
        stops_at=stops_at,
        lacks=[lack_words(lack, train.gate, seen) for lack in missing],
        stopped=release.state in GIVEN and not is_offered(release, programme.moment()),
        wants_go=waits_for_a_person(release, train),
        hours=lambda count: timedelta(hours=count),
        can_change=release.state is ReleaseState.PLANNED or release.held_from in BEFORE_ANYBODY,
    )


@bp.get("/releases/<int:release_id>/letter/<language>")
@staff(May.SEE)
def letter_html(release_id: int, language: str) -> Response:
    """What will leave, as one of its testers reads it, for the frame on the release's page. Its link is nobody's."""
    release = release_or_404(release_id)
    texts = _texts(release, train_or_404(release.train_id), waves_of(release))
    if language not in texts:
        raise NotThere(_("There is nothing at this address. Check it, or look from the start page."))
    reader = sample_of(release, language, programme.moment()) or session().get_one(Person, viewer().person_id)
    own = {"name": reader.name or f"#{reader.id}", "link": whole_address("/r/…")}
    values = values_of(programme.required(), whole_address("/u/…"), own)
    written_in = programme.required().languages[0] if language == ALL else language
    return letter_page(rendered(*texts[language], written_in, values, by_mail=True).html)


@bp.get("/releases/<int:release_id>/progress")
@staff(May.SEE)
def progress(release_id: int) -> str:
    """The progress of the opening alone, for the page that asks every two seconds."""
    release = release_or_404(release_id)
    job = session().get(Job, release.job_id) if release.job_id else None
    if job is None:
        raise NotThere(_("This release is not being opened."))
    return render_template("releases/_progress.html", release=release, job=job)
