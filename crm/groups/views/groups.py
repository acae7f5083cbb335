"""The list of groups, and one group."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from crm.core import programme
from crm.core.db import session
from crm.core.errors import Refusal
from crm.core.forms import refuse
from crm.core.guards import May, staff
from crm.core.tokens import whole_address
from crm.groups.actions import change_group, close_group, create_group, move_group, reopen_group
from crm.groups.forms import GroupForm, MemberListForm, PlacesForm, StayForm
from crm.groups.queries import (
    group_or_404,
    groups_page,
    key_of,
    lists_of,
    matrix_room_of,
    places_held,
    running_count,
    stays_page,
    untold,
    waiting_count,
    waiting_list,
)
from crm.groups.views import bp
from crm.outbox.queries.words import channel_word


@bp.get("/groups")
@staff(May.SEE)
def listing() -> str:
    page = groups_page(request.args.get("after"), request.args.get("before"))
    return render_template("groups/list.html", page=page, kind_word=channel_word, waiting=waiting_count())


@bp.get("/groups/waiting")
@staff(May.SEE)
def waiting() -> str:
    return render_template("groups/waiting.html", places=waiting_list(), count=waiting_count(), untold=untold())


@bp.post("/groups/<int:group_id>/<any(earlier, later):where>")
@staff(May.GROUPS)
def move(group_id: int, where: str) -> Response:
    """One place up or down in the order in which groups fill."""
    move_group(group_id, later=where == "later", at=programme.moment())
    session().commit()
    return redirect(url_for("groups.listing"))


@bp.route("/groups/new", methods=["GET", "POST"])
@staff(May.GROUPS)
def new() -> Any:
    form = GroupForm()
    if form.validate_on_submit():
        try:
            made = create_group(
                form.kind.data,
                form.name.data or "",
                form.capacity.data or 0,
                at=programme.moment(),
                address=form.address.data or "",
            )
            session().commit()
            return redirect(url_for("groups.show", group_id=made.id))
        except Refusal as error:
            session().rollback()
            refuse(form.name, str(error))
    return render_template("groups/new.html", form=form)


@bp.get("/groups/<int:group_id>")
@staff(May.SEE)
def show(group_id: int) -> str:
    return group_page(group_id, StayForm(formdata=None), MemberListForm(formdata=None))


def group_page(group_id: int, stay_form: StayForm, list_form: MemberListForm, new_key: str = "") -> str:
    """The page of a group, also when one of its forms was sent with a mistake in it. `new_key` is shown this once."""
    group = group_or_404(group_id)
    return render_template(
        "groups/group.html",
        group=group,
        kind=channel_word(group.kind),
        inside=running_count(group_id),
        page=stays_page(group_id, request.args.get("after"), request.args.get("before")),
        lists=lists_of(group_id),
        held=places_held(group_id),
        key=key_of(group_id),
        new_key=new_key,
        events_address=whole_address(url_for("groups_api.tell", group_id=group_id)),
        room=matrix_room_of(group_id),
        stay_form=stay_form,
        list_form=list_form,
    )


@bp.route("/groups/<int:group_id>/edit", methods=["GET", "POST"])
@staff(May.GROUPS)
def edit(group_id: int) -> Any:
    group = group_or_404(group_id)
    form = PlacesForm(obj=group)
    if form.validate_on_submit():
        try:
            change_group(
                group_id,
                capacity=form.capacity.data or 0,
                address=form.address.data or "",
                at=programme.moment(),
            )
            session().commit()
            return redirect(url_for("groups.show", group_id=group_id))
        except Refusal as error:
            session().rollback()
            refuse(form.capacity, str(error))
    return render_template("groups/edit.html", group=group, form=form)


@bp.post("/groups/<int:group_id>/close")
@staff(May.GROUPS)
def close(group_id: int) -> Response:
    close_group(group_id, programme.moment())
    session().commit()
    flash(_("The group takes nobody any more."), "success")
    return redirect(url_for("groups.show", group_id=group_id))


@bp.post("/groups/<int:group_id>/reopen")
@staff(May.GROUPS)
def reopen(group_id: int) -> Response:
    reopen_group(group_id, programme.moment())
    session().commit()
    flash(_("The group takes people again."), "success")
    return redirect(url_for("groups.show", group_id=group_id))
