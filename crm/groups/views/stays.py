"""Who joins and leaves a group: one by hand, many from a member list."""

from __future__ import annotations

import io
from typing import Any, BinaryIO, cast

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from crm.core import journal, programme
from crm.core.db import session
from crm.core.errors import Refusal
from crm.core.forms import refuse
from crm.core.guards import May, staff, viewer
from crm.groups.actions import NotInside, import_members, meet, record_joins, record_leaves
from crm.groups.forms import MemberListForm, StayForm
from crm.groups.queries import group_or_404, member_list_or_404
from crm.groups.views import bp
from crm.groups.views.groups import group_page


@bp.post("/groups/<int:group_id>/joins")
@staff(May.GROUPS)
def join(group_id: int) -> Any:
    """Somebody by an identity of theirs; who is not known yet becomes a new person, found in this group."""
    form, at = StayForm(), programme.moment()
    if form.validate_on_submit():
        try:
            person_id = meet(group_or_404(group_id), form.identity.data or "", at=at)
            joined = record_joins(group_id, [(person_id, at)])
            journal.record("join_group", f"chat_group:{group_id}", at=at, about_id=person_id)
            session().commit()
            told = _("They are in the group now.") if joined else _("They were in the group already.")
            flash(told, "success" if joined else "info")
            return redirect(url_for("groups.show", group_id=group_id))
        except Refusal as error:
            session().rollback()
            refuse(form.identity, str(error))
    return group_page(group_id, form, MemberListForm(formdata=None))


@bp.post("/groups/<int:group_id>/leaves/<int:person_id>")
@staff(May.GROUPS)
def leave(group_id: int, person_id: int) -> Response:
    at = programme.moment()
    if not record_leaves(group_id, [(person_id, at)]):
        raise NotInside(_("This person is not in the group."))
    journal.record("leave_group", f"chat_group:{group_id}", at=at, about_id=person_id)
    session().commit()
    flash(_("Recorded: this person has left the group."), "success")
    return redirect(url_for("groups.show", group_id=group_id))


@bp.post("/groups/<int:group_id>/lists")
@staff(May.GROUPS)
def take_list(group_id: int) -> Any:
    form = MemberListForm()
    if form.validate_on_submit():
        sent, text = form.file.data, form.text.data or ""
        try:
            stream = cast(BinaryIO, sent.stream) if sent else io.BytesIO(text.encode())
            name = sent.filename if sent else _("pasted text")
            made = import_members(group_id, stream, name, at=programme.moment(), by_id=viewer().person_id)
            session().commit()
            return redirect(url_for("groups.show_list", list_id=made.id))
        except Refusal as error:
            session().rollback()
            refuse(form.file if sent else form.text, str(error))
    return group_page(group_id, StayForm(formdata=None), form)


@bp.get("/groups/lists/<int:list_id>")
@staff(May.SEE)
def show_list(list_id: int) -> str:
    taken = member_list_or_404(list_id)
    return render_template("groups/member_list.html", taken=taken, group=group_or_404(taken.group_id))
