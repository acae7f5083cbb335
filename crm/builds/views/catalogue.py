"""The catalogue of builds, for staff."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import format_date
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from crm.builds.actions import (
    NotesFixed,
    hold_build,
    offer_again,
    renew_build,
    resume_build,
    withdraw_build,
    write_notes,
)
from crm.builds.forms import NOTE, TO_TEST, FileForm, NotesForm, notes_form
from crm.builds.queries import (
    artefacts_of,
    build_or_404,
    builds_page,
    figures_of,
    files_fixed_for,
    notes_fixed_for,
    notes_of,
    open_uploads,
    to_test_of,
)
from crm.builds.views import bp
from crm.builds.views.tus import here_of
from crm.core import journal, programme
from crm.core.db import session
from crm.core.guards import May, staff


@bp.get("/builds")
@staff(May.SEE)
def listing() -> str:
    page = builds_page(request.args.get("after"), request.args.get("before"))
    return render_template("builds/list.html", page=page, now=programme.moment())


@bp.get("/builds/<int:build_id>")
@staff(May.SEE)
def show(build_id: int) -> str:
    build = build_or_404(build_id)
    return render_template(
        "builds/build.html",
        build=build,
        artefacts=artefacts_of(build_id),
        uploads=open_uploads(build_id),
        here_of=here_of,
        notes=notes_of(build_id),
        to_test=to_test_of(build_id),
        fixed_for=notes_fixed_for(build_id),
        files_fixed_for=files_fixed_for(build_id),
        figures=figures_of(build_id, programme.moment()),
        file_form=FileForm(),
        now=programme.moment(),
    )


@bp.route("/builds/<int:build_id>/notes", methods=["GET", "POST"])
@staff(May.BUILDS)
def notes(build_id: int) -> Any:
    build, known, tasks = build_or_404(build_id), notes_of(build_id), to_test_of(build_id)
    typed = {f"{NOTE}{k}": v for k, v in known.items()} | {f"{TO_TEST}{k}": v for k, v in tasks.items()}
    if request.method == "GET" and notes_fixed_for(build_id):
        return redirect(url_for("builds.show", build_id=build_id))
    form = notes_form(NotesForm, programme.required().languages)(data=typed)
    assert isinstance(form, NotesForm)
    if form.validate_on_submit():
        at = programme.moment()
        try:
            write_notes(build_id, form.notes(), form.to_test(), at=at)
        except NotesFixed as error:
            form.form_errors.append(str(error))
            return render_template("builds/notes.html", build=build, form=form), error.status
        after = {"notes": form.notes(), "to_test": form.to_test()}
        before = {"notes": known, "to_test": tasks}
        journal.record("write_notes", f"build:{build_id}", at=at, before=before, after=after)
        session().commit()
        return redirect(url_for("builds.show", build_id=build_id))
    return render_template("builds/notes.html", build=build, form=form)


@bp.post("/builds/notes/preview")
@staff(May.BUILDS)
def preview_notes() -> str:
    """How the notes of a form will read; it opens beside the form, which keeps what it holds."""
    form = notes_form(NotesForm, programme.required().languages)()
    assert isinstance(form, NotesForm)
    return render_template("builds/preview.html", notes=form.notes(), to_test=form.to_test())


@bp.post("/builds/<int:build_id>/renew")
@staff(May.BUILDS)
def renew(build_id: int) -> Response:
    build = renew_build(build_id, programme.moment())
    until = format_date(build.expires_at)
    session().commit()
    flash(_("The build runs until %(day)s.", day=until), "success")
    return redirect(url_for("builds.show", build_id=build_id))


@bp.post("/builds/<int:build_id>/withdraw")
@staff(May.BUILDS)
def withdraw(build_id: int) -> Response:
    withdraw_build(build_id, programme.moment())
    session().commit()
    flash(_("Nobody gets this build any more."), "success")
    return redirect(url_for("builds.show", build_id=build_id))


@bp.post("/builds/<int:build_id>/offer-again")
@staff(May.BUILDS)
def offer(build_id: int) -> Response:
    offer_again(build_id, programme.moment())
    session().commit()
    flash(_("Whoever has access gets this build again."), "success")
    return redirect(url_for("builds.show", build_id=build_id))


@bp.post("/builds/<int:build_id>/hold")
@staff(May.BUILDS)
def hold(build_id: int) -> Response:
    hold_build(build_id, programme.moment())
    session().commit()
    flash(_("The build is on hold. Devices are offered the one before it."), "success")
    return redirect(url_for("builds.show", build_id=build_id))


@bp.post("/builds/<int:build_id>/resume")
@staff(May.BUILDS)
def resume(build_id: int) -> Response:
    resume_build(build_id, programme.moment())
    session().commit()
    flash(_("Whoever has access gets this build again."), "success")
    return redirect(url_for("builds.show", build_id=build_id))
