"""Consent rounds, and names that have left and may be shown no more."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from campaigns.credits.actions import start_round
from campaigns.credits.actions.letters import text_of
from campaigns.credits.queries import asking_job, count_withdrawn, round_to_come, rounds, withdrawn_page
from campaigns.credits.queries.words import LEFT_OUT
from campaigns.credits.rules.asking import REMIND_AFTER, Asking
from campaigns.credits.views import bp
from crm.core import programme
from crm.core.db import session
from crm.core.errors import NotThere
from crm.core.guards import May, staff, viewer


def _read(one: Asking, language: str, name: str) -> tuple[str, str]:
    subject, body = text_of(one, language)
    return subject.replace("{{ programme }}", name), body


@bp.get("/editions/consent")
@staff(May.CREDITS)
def consent() -> str:
    """Whom a round would ask now, what it would write, and what came of those before."""
    job = asking_job()
    writing = job is not None and job.is_open
    known = programme.required()
    return render_template(
        "credits/consent.html",
        job=job,
        writing=writing,
        coming=None if writing else round_to_come(),
        reasons=LEFT_OUT,
        rounds=rounds(),
        days=REMIND_AFTER.days,
        texts=[(language, *_read(one, language, known.name)) for one in Asking for language in known.languages],
    )


@bp.post("/editions/consent/ask")
@staff(May.CREDITS)
def ask() -> Response:
    start_round(programme.moment(), by_id=viewer().person_id)
    session().commit()
    flash(_("The round has begun: the letters are being written."), "success")
    return redirect(url_for("credits.consent"))


@bp.get("/editions/consent/progress")
@staff(May.CREDITS)
def asking_progress() -> str:
    job = asking_job()
    if job is None:
        raise NotThere(_("No round has begun yet."))
    return render_template("credits/_asking.html", job=job)


@bp.get("/editions/withdrawn")
@staff(May.CREDITS)
def withdrawn() -> str:
    page = withdrawn_page(request.args.get("after"), request.args.get("before"))
    return render_template("credits/withdrawn.html", page=page, count=count_withdrawn())
