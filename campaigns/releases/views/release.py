"""One release: where it stands, what comes next, what came of it."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from campaigns.releases.actions import (
    cancel_release,
    close_release,
    go_on_opening,
    letter_texts,
    plan_again,
    start_opening,
)
from campaigns.releases.models import Release, Train
from campaigns.releases.queries import audience_name, figures, release_or_404, size_of, train_or_404
from campaigns.releases.rules import ReleaseState
from campaigns.releases.views import bp
from campaigns.releases.views.words import LETTER_WORDS, departures
from crm.builds.models import Build
from crm.core import programme
from crm.core.db import session
from crm.core.errors import NotThere
from crm.core.guards import May, staff, viewer
from crm.core.jobs import Job
from crm.core.weeks import friday
from crm.people.models import Person


def _build(release: Release) -> Build | None:
    return session().get(Build, release.build_id) if release.build_id is not None else None


def _texts(release: Release, train: Train) -> dict[str, tuple[str, str]]:
    build = _build(release)
    return letter_texts(build, train, programme.required().languages) if build is not None else {}


@bp.get("/releases/<int:release_id>")
@staff(May.SEE)
def show(release_id: int) -> str:
    release = release_or_404(release_id)
    train = train_or_404(release.train_id)
    reader = session().get(Person, viewer().person_id)
    return render_template(
        "releases/release.html",
        release=release,
        train=train,
        build=_build(release),
        friday=friday(release.week),
        audience=audience_name(release.audience_id),
        sizes=size_of(release, programme.moment()) if release.state is ReleaseState.PLANNED else {},
        figures=figures(release),
        letter_words=LETTER_WORDS,
        departures=departures(release.opens_at, train.zone, reader.zone if reader else None),
        job=session().get(Job, release.job_id) if release.job_id else None,
        texts=_texts(release, train) if release.state is ReleaseState.PLANNED else {},
    )


@bp.get("/releases/<int:release_id>/progress")
@staff(May.SEE)
def progress(release_id: int) -> str:
    """The progress of the opening alone, for the page that asks every two seconds."""
    release = release_or_404(release_id)
    job = session().get(Job, release.job_id) if release.job_id else None
    if job is None:
        raise NotThere(_("This release is not being opened."))
    return render_template("releases/_progress.html", release=release, job=job)


def _back(release_id: int) -> Response:
    return redirect(url_for("releases.show", release_id=release_id))


@bp.post("/releases/<int:release_id>/open")
@staff(May.RELEASES)
def open_now(release_id: int) -> Response:
    start_opening(release_id, programme.moment(), viewer().person_id)
    session().commit()
    flash(_("The release is opening."), "success")
    return _back(release_id)


@bp.post("/releases/<int:release_id>/go-on")
@staff(May.RELEASES)
def go_on(release_id: int) -> Response:
    go_on_opening(release_id, programme.moment(), viewer().person_id)
    session().commit()
    flash(_("The opening goes on. Who has their letter gets no second one."), "success")
    return _back(release_id)


@bp.post("/releases/<int:release_id>/cancel")
@staff(May.RELEASES)
def cancel(release_id: int) -> Response:
    cancel_release(release_id, programme.moment())
    session().commit()
    flash(_("The release is cancelled. Nobody is written to."), "success")
    return _back(release_id)


@bp.post("/releases/<int:release_id>/plan-again")
@staff(May.RELEASES)
def again(release_id: int) -> Response:
    plan_again(release_id, programme.moment())
    session().commit()
    return _back(release_id)


@bp.post("/releases/<int:release_id>/close")
@staff(May.RELEASES)
def close(release_id: int) -> Response:
    close_release(release_id, programme.moment())
    session().commit()
    flash(_("The release is closed."), "success")
    return _back(release_id)
