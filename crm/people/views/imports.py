"""A file comes in: upload, what its columns hold, what it will do."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any

from flask import current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response

from crm.core import programme
from crm.core.db import session, writing
from crm.core.errors import MoveRefused, NotUnderstood
from crm.core.forms import refuse
from crm.core.guards import May, staff, viewer
from crm.core.languages import current_language
from crm.core.paging import SortKey, page
from crm.people.actions import importing
from crm.people.actions.importing.encodings import OFFERED
from crm.people.actions.importing.refusals import sentence
from crm.people.forms import FIELD_NAMES, ImportForm, UploadForm, choices, import_form
from crm.people.models import PeopleImport, Person
from crm.people.rules import ImportState, SiteRole
from crm.people.views import bp

DELIMITERS = {",": ",", ";": ";", "\t": "Tab", "|": "|"}
WAITING = (ImportState.UPLOADED, ImportState.PREVIEWED)


@bp.get("/people/imports")
@staff(May.PEOPLE)
def imports() -> str:
    query = select(PeopleImport, PeopleImport.id, Person.name.label("by")).outerjoin(
        Person, Person.id == PeopleImport.by_id
    )
    found = page(
        query, [SortKey(PeopleImport.id, descending=True)],
        after=request.args.get("after"), before=request.args.get("before"),
    )  # fmt: skip
    return render_template("people/imports.html", page=found)


@bp.route("/people/imports/new", methods=["GET", "POST"])
@staff(May.PEOPLE)
def new_import() -> Any:
    form = UploadForm()
    if form.validate_on_submit():
        person_id, at = viewer().person_id, programme.moment()
        session().rollback()  # nothing is kept waiting while the file is read
        try:
            received = importing.receive(form.file.data.stream, at_most=current_app.config["MAX_UPLOAD_BYTES"])
        except NotUnderstood as error:
            refuse(form.file, str(error))
        else:
            with importing.kept_if_named(received):
                made = importing.add_import(received, form.file.data.filename or "", at=at, by_id=person_id)
                session().commit()
            return redirect(url_for("people.import_columns", import_id=made.id))
    return render_template("people/import_new.html", form=form), 422 if form.errors else 200


def _unstarted(import_id: int) -> PeopleImport:
    bringer = importing.import_or_404(import_id)
    if bringer.state not in WAITING:
        raise MoveRefused(_("This import has started already."))
    return bringer


@bp.route("/people/imports/<int:import_id>/columns", methods=["GET", "POST"])
@staff(May.PEOPLE)
def import_columns(import_id: int) -> Any:
    bringer = _unstarted(import_id)
    columns, fields = bringer.mapping["columns"], bringer.mapping["fields"]
    form = import_form(columns, fields, obj=None if bringer.basis == "" else bringer)
    form.encoding.choices = choices(_encodings(bringer.encoding))
    if request.method == "GET":
        form.encoding.data = form.seen_encoding.data = bringer.encoding
        form.role.data = bringer.role.value if bringer.role else ""
    if form.validate_on_submit():
        answer = _describe(bringer, form)
        if answer is not None:
            return answer
    return render_template(
        "people/import_columns.html", bringer=bringer, form=form, columns=columns, samples=importing.samples(bringer),
        delimiter=DELIMITERS.get(bringer.delimiter, bringer.delimiter),
    ), 422 if form.errors else 200  # fmt: skip


def _encodings(found: str) -> list[tuple[str, str]]:
    others = () if found == "xlsx" or found.startswith(("utf-16", "utf-32")) else OFFERED
    return [(name, name.upper()) for name in dict.fromkeys((found, *others))]


def _describe(bringer: PeopleImport, form: ImportForm) -> Response | None:
    """To the preview; back to the columns when another encoding has changed them. None: the form says what is wrong."""
    columns = bringer.mapping["columns"]
    changes = form.encoding.data != bringer.encoding
    mapping = None
    if not changes:
        mapping = {str(number + 1): form[f"column_{number}"].data for number in range(len(columns))}
    day = form.found_at.data
    found_at = datetime.combine(day, time(12), programme.required().tz).astimezone(UTC) if day else None
    try:
        importing.describe(
            bringer.id, mapping=mapping, encoding=form.encoding.data if changes else "", site=form.site.data or "",
            board=form.board.data or "", role=SiteRole(form.role.data) if form.role.data else None,
            basis=form.basis.data or "", found_at=found_at,
        )  # fmt: skip
        session().commit()
    except NotUnderstood as error:
        session().rollback()
        refuse(form.encoding if changes else form.site, str(error))
        return None
    where = "people.import_columns" if changes else "people.import_preview"
    return redirect(url_for(where, import_id=bringer.id))


@bp.get("/people/imports/<int:import_id>/preview")
@staff(May.PEOPLE)
def import_preview(import_id: int) -> Any:
    bringer = _unstarted(import_id)
    if not bringer.basis:
        return redirect(url_for("people.import_columns", import_id=import_id))
    told = bringer.preview
    if told is None:
        told = importing.preview(import_id)
        with writing():
            importing.import_or_404(import_id).preview = told
            session().commit()
        bringer = importing.import_or_404(import_id)
    reasons = [(sentence(reason), count) for reason, count in sorted(told["reasons"].items(), key=lambda one: -one[1])]
    refusals = [{**one, "told": sentence(one["reason"], one["detail"])} for one in told["refusals"]]
    fields = [FIELD_NAMES.get(field, field) for field in bringer.mapping["fields"]]
    return render_template(
        "people/import_preview.html", bringer=bringer, told=told, reasons=reasons, refusals=refusals, fields=fields
    )


@bp.post("/people/imports/<int:import_id>/start")
@staff(May.PEOPLE)
def start_import(import_id: int) -> Response:
    if importing.import_or_404(import_id).state in WAITING:  # else the button was pressed twice: its page tells how far
        importing.start(import_id, at=programme.moment(), by_id=viewer().person_id, language=current_language())
        session().commit()
    return redirect(url_for("people.show_import", import_id=import_id))


@bp.post("/people/imports/<int:import_id>/discard")
@staff(May.PEOPLE)
def discard_import(import_id: int) -> Response:
    importing.discard(import_id)
    session().commit()
    flash(_("The file is gone; nothing of it was imported."), "success")
    return redirect(url_for("people.imports"))
