"""How a group's real room tells us who joins: the key of its program, its Matrix connection."""

from __future__ import annotations

from typing import Any

from flask import flash, make_response, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from crm.core import programme
from crm.core.db import session
from crm.core.errors import NotThere, Refusal
from crm.core.forms import refuse
from crm.core.guards import May, staff
from crm.groups.actions import NotConnected, connect_room, disconnect_room, drop_key, make_key
from crm.groups.forms import MatrixForm, MemberListForm, StayForm
from crm.groups.models import Group
from crm.groups.queries import group_or_404, matrix_room_of
from crm.groups.views import bp
from crm.groups.views.groups import group_page


@bp.post("/groups/<int:group_id>/key")
@staff(May.GROUPS)
def make_group_key(group_id: int) -> Response:
    secret = make_key(group_id, programme.moment())
    session().commit()
    page = group_page(group_id, StayForm(formdata=None), MemberListForm(formdata=None), new_key=secret)
    answer = make_response(page)
    answer.headers["Cache-Control"] = "no-store"
    return answer


@bp.post("/groups/<int:group_id>/key/drop")
@staff(May.GROUPS)
def drop_group_key(group_id: int) -> Response:
    drop_key(group_or_404(group_id).id, programme.moment())
    session().commit()
    flash(_("The key is gone: nobody can tell us joins of this group with it any more."), "success")
    return redirect(url_for("groups.show", group_id=group_id))


def _matrix_group(group_id: int) -> Group:
    group = group_or_404(group_id)
    if group.kind != "matrix":
        raise NotThere(_("This group is no Matrix room."))
    return group


@bp.route("/groups/<int:group_id>/matrix", methods=["GET", "POST"])
@staff(May.GROUPS)
def matrix(group_id: int) -> Any:
    """The homeserver is asked before anything is kept, so that a wrong token shows at once."""
    group, room = _matrix_group(group_id), matrix_room_of(group_id)
    form = MatrixForm(obj=room)
    if form.validate_on_submit():
        try:
            connect_room(
                group_id,
                form.homeserver.data or "",
                form.room.data or "",
                form.token.data or "",
                at=programme.moment(),
            )
            session().commit()
            flash(_("Connected. Who is in the room is read within half a minute."), "success")
            return redirect(url_for("groups.show", group_id=group_id))
        except Refusal as error:
            session().rollback()
            refuse(form.token if isinstance(error, NotConnected) else form.homeserver, str(error))
    return render_template("groups/matrix.html", group=group_or_404(group.id), form=form, has_token=room is not None)


@bp.post("/groups/<int:group_id>/matrix/disconnect")
@staff(May.GROUPS)
def disconnect_matrix(group_id: int) -> Response:
    disconnect_room(_matrix_group(group_id).id, programme.moment())
    session().commit()
    flash(_("Disconnected. Who was in the group stays in it."), "success")
    return redirect(url_for("groups.show", group_id=group_id))
