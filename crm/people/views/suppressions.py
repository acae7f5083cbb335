"""The suppression list: look up, add, import, lift, export. An address looked up never stands in an address of ours."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_pgettext, ngettext
from werkzeug.wrappers import Response

from crm.core import clock, journal
from crm.core.db import session, writing
from crm.core.errors import NotUnderstood, Refusal
from crm.core.forms import Form, refuse, text
from crm.core.guards import May, staff
from crm.core.pages import typed
from crm.core.tokens import read_for_a_while, sign_for_a_while
from crm.people.actions import suppression_files, suppression_list
from crm.people.forms import SuppressionFileForm, SuppressionForm
from crm.people.models import Person
from crm.people.queries import ids_by_identities, suppression_counts, suppression_of
from crm.people.rules import LIFTABLE, SuppressionReason
from crm.people.views import bp

PURPOSE = "people.suppressions"
NOT_UNDERSTOOD = 422
REASON_WORDS = {
    SuppressionReason.DECLINED: lazy_pgettext("suppression", "asked to be left alone"),
    SuppressionReason.UNSUBSCRIBED: lazy_pgettext("suppression", "unsubscribed"),
    SuppressionReason.BOUNCED: lazy_pgettext("suppression", "mail comes back"),
    SuppressionReason.COMPLAINT: lazy_pgettext("suppression", "complained"),
    SuppressionReason.FORGOTTEN: lazy_pgettext("suppression", "forgotten"),
    SuppressionReason.IMPORTED: lazy_pgettext("suppression", "from a list"),
}


def _page(form: SuppressionForm | None = None, status: int = 200, **found: Any) -> Any:
    form = form or SuppressionForm(formdata=None)
    return render_template(
        "people/suppressions.html", form=form, counts=suppression_counts(), words=REASON_WORDS, **found
    ), status  # fmt: skip


@bp.get("/suppressions")
@staff(May.PEOPLE)
def suppressions() -> Any:
    return _page()


def _looked_up(written: str) -> dict[str, Any]:
    """Raises NotUnderstood."""
    pair = suppression_files.read_identity(written)
    found, person_id = suppression_of(*pair), ids_by_identities([pair]).get(pair)
    return {
        "looked_up": ":".join(pair),
        "line": found,
        "may_lift": found is not None and found.reason in LIFTABLE,
        "person": session().get(Person, person_id) if person_id else None,
    }


@bp.post("/suppressions/look-up")
@staff(May.PEOPLE)
def look_up_suppression() -> Any:
    """A form that changes nothing, but an address in an address would stand in logs and histories."""
    try:
        return _page(**_looked_up(typed("written")))
    except NotUnderstood as error:
        return _page(status=NOT_UNDERSTOOD, fault=str(error), written=typed("written"))


@bp.post("/suppressions/add")
@staff(May.PEOPLE)
def add_suppression() -> Any:
    form = SuppressionForm()
    if form.validate_on_submit():
        try:
            pair = suppression_list.add_one(text(form.identity), SuppressionReason(form.reason.data), clock.now())
            session().commit()
            flash(_("Nobody writes to %(identity)s any more.", identity=":".join(pair)), "success")
            return redirect(url_for("people.suppressions"))
        except NotUnderstood as error:
            session().rollback()
            refuse(form.identity, str(error))
    return _page(form, NOT_UNDERSTOOD)


@bp.post("/suppressions/lift")
@staff(May.PEOPLE)
def lift_suppression() -> Any:
    written, why = typed("written"), typed("why")
    try:
        pair = suppression_list.lift(written, why, clock.now())
        session().commit()
    except NotUnderstood as error:
        session().rollback()
        return _page(status=NOT_UNDERSTOOD, fault=str(error), **_looked_up(written))
    flash(_("%(identity)s may be written to again.", identity=":".join(pair)), "success")
    return redirect(url_for("people.suppressions"))


@bp.route("/suppressions/import", methods=["GET", "POST"])
@staff(May.PEOPLE)
def import_suppressions() -> Any:
    form = SuppressionFileForm()
    if not form.validate_on_submit():
        return _import_page(form)
    reason = SuppressionReason(form.reason.data)
    key = None
    try:
        key = suppression_files.receive(form.file.data.stream)
        told = suppression_list.preview_list(key, reason)
    except NotUnderstood as error:
        if key is not None:
            suppression_files.drop_list(key)
        refuse(form.file, str(error))
        return _import_page(form)
    token = sign_for_a_while(PURPOSE, [key, reason.value])
    return render_template("people/suppressions_preview.html", told=told, token=token, words=REASON_WORDS)


def _import_page(form: Form) -> Any:
    return render_template("people/suppressions_import.html", form=form), NOT_UNDERSTOOD if form.errors else 200


def _decided() -> tuple[str, SuppressionReason]:
    """Raises NotAllowed for what was not previewed here, or too long ago."""
    key, reason = read_for_a_while(PURPOSE, request.form.get("token", ""), suppression_files.KEPT)
    return key, SuppressionReason(reason)


@bp.post("/suppressions/import/add")
@staff(May.PEOPLE)
def add_suppressions() -> Response:
    key, reason = _decided()
    try:
        count = suppression_list.add_list(key, reason, clock.now())
        session().commit()
    except Refusal:
        session().rollback()
        raise
    suppression_files.drop_list(key)
    flash(ngettext("%(num)s identity is left alone.", "%(num)s identities are left alone.", count), "success")
    return redirect(url_for("people.suppressions"))


@bp.post("/suppressions/import/discard")
@staff(May.PEOPLE)
def discard_suppressions() -> Response:
    suppression_files.drop_list(_decided()[0])
    flash(_("The file is gone; nothing of it was imported."), "success")
    return redirect(url_for("people.suppressions"))


def _lines() -> Iterator[str]:
    for row in (suppression_files.EXPORTED, *suppression_list.exported()):
        out = io.StringIO()
        csv.writer(out).writerow(row)
        yield out.getvalue()


@bp.get("/suppressions.csv")
@staff(May.PEOPLE)
def export_suppressions() -> Response:
    """The whole list: keyed hashes, and whose they are where we still know it."""
    with writing():
        journal.record("suppression.export", "suppression:list", at=clock.now())
        session().commit()
    return Response(
        "".join(_lines()),
        mimetype="text/csv",
        headers={
            "Content-Disposition": 'attachment; filename="suppressions.csv"',
            "Cache-Control": "private, no-store",
        },
    )
