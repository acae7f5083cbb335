"""Me: what the programme knows of a tester, their copy of it, and the two ways out."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, g, make_response, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from crm.accounts.rules import COOKIE
from crm.core import clock, programme
from crm.core.db import session
from crm.core.errors import Refusal
from crm.core.forms import refuse, text
from crm.core.guards import tester, viewer
from crm.core.languages import COOKIE as LANGUAGE_COOKIE
from crm.core.languages import current_language
from crm.people.actions import edit_person
from crm.people.forms import KIND_NAMES
from crm.people.models import Person
from crm.people.queries import identities_of, person_or_404
from crm.people.rules import FORUM_PREFIX
from crm.portal import actions
from crm.portal.forms import LeaveForm, MeForm

bp = Blueprint("me", __name__, template_folder="../templates")
YEAR_SECONDS = 365 * 24 * 3600


def _page(person: Person, form: MeForm, status: int = 200) -> Any:
    known = sorted((kind, value) for _id, kind, value in identities_of([person.id]))
    identities = [(KIND_NAMES.get(kind, kind.removeprefix(FORUM_PREFIX)), value) for kind, value in known]
    return render_template("portal/me.html", person=person, form=form, identities=identities), status


@bp.get("/me")
@tester
def me() -> Any:
    person = person_or_404(viewer().person_id)
    known = {"name": person.name, "language": person.language or current_language(), "zone": person.zone or ""}
    return _page(person, MeForm(formdata=None, data=known))


@bp.post("/me")
@tester
def save() -> Any:
    person, form = person_or_404(viewer().person_id), MeForm()
    if not form.validate():
        return _page(person, form, 422)
    try:
        edit_person(
            person.id,
            name=text(form.name),
            language=text(form.language),
            zone=text(form.zone),
            owner_id=person.owner_id,
            at=programme.moment(),
        )
    except Refusal as error:
        refuse(form.zone, str(error))
        return _page(person, form, 422)
    session().commit()
    flash(_("Saved."), "success")
    answer = redirect(url_for("me.me"))
    answer.set_cookie(LANGUAGE_COOKIE, text(form.language), max_age=YEAR_SECONDS, samesite="Lax", httponly=True)
    return answer


def _out(template: str) -> Response:
    """The last page, on which nobody is signed in any more; staff who test keep their session."""
    if viewer().is_staff:
        return make_response(render_template(template))
    g.viewer = None
    answer = make_response(render_template(template))
    answer.delete_cookie(COOKIE)
    return answer


@bp.get("/me/leave")
@tester
def leaving() -> str:
    return render_template("portal/leave.html", form=LeaveForm(formdata=None))


@bp.post("/me/leave")
@tester
def leave() -> Any:
    form, who = LeaveForm(), viewer()
    if not form.validate():
        return render_template("portal/leave.html", form=form), 422
    actions.leave(who.person_id, form.told(), at=programme.moment(), now=clock.now(), keep_sessions=who.is_staff)
    session().commit()
    return _out("portal/left.html")


@bp.get("/me/do-not-write")
@tester
def refusing() -> str:
    return render_template("portal/do_not_write.html")


@bp.post("/me/do-not-write")
@tester
def refuse_letters() -> Response:
    who = viewer()
    actions.never_write_again(who.person_id, at=programme.moment(), now=clock.now(), keep_sessions=who.is_staff)
    session().commit()
    return _out("portal/refused.html")
