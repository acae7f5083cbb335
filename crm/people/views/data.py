"""What somebody may ask about their own data: a copy of it, and to be forgotten."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from crm.core import clock, journal, programme
from crm.core.db import session, writing
from crm.core.errors import NotAllowed
from crm.core.guards import May, signed_in, staff, viewer
from crm.people import actions
from crm.people.queries import person_or_404
from crm.people.views import bp


def _zip(person_id: int) -> Response:
    content = actions.export_zip(person_id, clock.now())
    return Response(
        content,
        mimetype="application/zip",
        headers={
            "Content-Disposition": f'attachment; filename="person-{person_id}.zip"',
            "Cache-Control": "private, no-store",
        },
    )


@bp.get("/people/<int:person_id>/export")
@staff(May.PEOPLE)
def export(person_id: int) -> Response:
    person = person_or_404(person_id)
    if person.is_staff and not viewer().may(May.ACCOUNTS):
        raise NotAllowed(_("Only an admin exports the data of a member of staff."))
    found = person.id
    with writing():
        journal.record("people.export", f"person:{found}", at=clock.now(), about_id=found)
        session().commit()
    return _zip(found)


@bp.get("/my-data.zip")
@signed_in
def own_export() -> Response:
    """A person's copy of everything that is kept about them."""
    return _zip(viewer().person_id)


@bp.route("/people/<int:person_id>/forget", methods=["GET", "POST"])
@staff(May.ERASE)
def forget(person_id: int) -> Any:
    person = actions.forgettable(person_id)
    if request.method == "GET":
        return render_template("people/forget.html", person=person, wrong=False)
    if request.form.get("sure") != str(person.id):
        return render_template("people/forget.html", person=person, wrong=True), 422
    actions.forget(person.id, at=programme.moment(), by_id=viewer().person_id)
    session().commit()
    flash(_("Person %(id)s is forgotten.", id=person_id), "success")
    return redirect(url_for("directory.people"))
