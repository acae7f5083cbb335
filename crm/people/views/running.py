"""An import under way and afterwards: progress, cancel, refused rows, undo."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response

from crm.core import files, programme
from crm.core.db import session
from crm.core.errors import NotThere
from crm.core.guards import May, staff, viewer
from crm.core.jobs import Job, JobState
from crm.core.paging import SortKey, page
from crm.people.actions import importing
from crm.people.actions.importing.refusals import lines
from crm.people.models import ImportedPerson, PeopleImport, Person
from crm.people.rules import ImportState
from crm.people.views import bp


def _job(bringer: PeopleImport) -> Job | None:
    return session().get(Job, bringer.job_id) if bringer.job_id is not None else None


@bp.get("/people/imports/<int:import_id>")
@staff(May.PEOPLE)
def show_import(import_id: int) -> Any:
    bringer = importing.import_or_404(import_id)
    if bringer.state in (ImportState.UPLOADED, ImportState.PREVIEWED):
        return redirect(url_for("people.import_columns", import_id=import_id))
    job = _job(bringer)
    return render_template(
        "people/import.html",
        bringer=bringer,
        job=job,
        running=job is not None and job.is_open,
        failed=job is not None and job.state is JobState.FAILED,
        kept=_kept(import_id) if bringer.state is ImportState.UNDONE else None,
        can_undo=bringer.state in (ImportState.DONE, ImportState.CANCELLED),
    )


def _kept(import_id: int) -> Any:
    """Whom an undone import has left, because something has touched them since."""
    query = (
        select(Person.id, Person.name)
        .join(ImportedPerson, ImportedPerson.person_id == Person.id)
        .where(ImportedPerson.import_id == import_id, ImportedPerson.created)
    )
    return page(query, [SortKey(Person.id)], after=request.args.get("after"), before=request.args.get("before"))


@bp.get("/people/imports/<int:import_id>/progress")
@staff(May.PEOPLE)
def import_progress(import_id: int) -> Response:
    """The progress bar for htmx; the whole page again once the work has ended."""
    bringer = importing.import_or_404(import_id)
    job = _job(bringer)
    if job is None or not job.is_open:
        return Response(headers={"HX-Refresh": "true"})
    return Response(render_template("people/_progress.html", bringer=bringer, job=job))


@bp.get("/people/imports/<int:import_id>/refused.csv")
@staff(May.PEOPLE)
def refused_rows(import_id: int) -> Response:
    bringer = importing.import_or_404(import_id)
    if not bringer.refused_key or not files.path_of(bringer.refused_key).exists():
        raise NotThere(_("No row of this import was refused."))
    return Response(
        lines(files.path_of(bringer.refused_key)),
        mimetype="text/csv",
        headers={
            "Content-Disposition": f'attachment; filename="refused-{import_id}.csv"',
            "Cache-Control": "private, no-store",
        },
    )


@bp.post("/people/imports/<int:import_id>/cancel")
@staff(May.PEOPLE)
def cancel_import(import_id: int) -> Response:
    importing.cancel_import(import_id, at=programme.moment())
    session().commit()
    flash(_("The import has stopped. What had arrived is here; undo takes it back."), "success")
    return redirect(url_for("people.show_import", import_id=import_id))


@bp.post("/people/imports/<int:import_id>/go-on")
@staff(May.PEOPLE)
def go_on_import(import_id: int) -> Response:
    importing.go_on(import_id, at=programme.moment())
    session().commit()
    return redirect(url_for("people.show_import", import_id=import_id))


@bp.post("/people/imports/<int:import_id>/undo")
@staff(May.PEOPLE)
def undo_import(import_id: int) -> Response:
    importing.undo(import_id, at=programme.moment(), by_id=viewer().person_id)
    session().commit()
    return redirect(url_for("people.show_import", import_id=import_id))
