"""Settings: members of staff, their roles and invitations."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from crm.accounts.actions import (
    AlreadyStaff,
    change_roles,
    credential_or_404,
    end_staff,
    invite_again,
    invite_staff,
    invite_tester,
    switch_off,
)
from crm.accounts.forms import ROLE_NAMES, InviteForm, RolesForm
from crm.accounts.queries import roles_of, staff_members
from crm.accounts.rules import Role
from crm.accounts.views import bp
from crm.core import clock
from crm.core.db import session
from crm.core.errors import NotUnderstood
from crm.core.forms import refuse, text
from crm.core.guards import May, staff
from crm.core.pages import back
from crm.people.models import Person
from crm.people.queries import person_or_404

NOT_UNDERSTOOD = 422


def _list(form: InviteForm, status: int = 200) -> Any:
    page = render_template(
        "accounts/staff.html", form=form, members=staff_members(), role_names=ROLE_NAMES, now=clock.now()
    )
    return page, status


@bp.get("/settings/staff")
@staff(May.ACCOUNTS)
def staff_list() -> Any:
    return _list(InviteForm())


@bp.post("/settings/staff")
@staff(May.ACCOUNTS)
def invite() -> Any:
    form = InviteForm()
    if not form.validate():
        return _list(form, NOT_UNDERSTOOD)
    try:
        person = invite_staff(text(form.name), text(form.mail), map(Role, form.roles.data or ()), at=clock.now())
    except (AlreadyStaff, NotUnderstood) as error:
        session().rollback()
        refuse(form.mail, str(error))
        return _list(form, NOT_UNDERSTOOD)
    session().commit()
    flash(gettext("An invitation is on its way to %(name)s.", name=person.name), "success")
    return redirect(url_for("accounts.staff_list"))


@bp.route("/settings/staff/<int:person_id>", methods=["GET", "POST"])
@staff(May.ACCOUNTS)
def staff_member(person_id: int) -> Any:
    credential = credential_or_404(person_id)
    form = RolesForm(roles=[role.value for role in roles_of(person_id)])
    if request.method == "POST" and form.validate():
        change_roles(person_id, map(Role, form.roles.data or ()), at=clock.now())
        session().commit()
        flash(gettext("Saved."), "success")
        return redirect(url_for("accounts.staff_member", person_id=person_id))
    person = session().get_one(Person, person_id)
    return render_template("accounts/staff_member.html", form=form, person=person, credential=credential)


def _back_to(person_id: int, message: str) -> Response:
    session().commit()
    flash(message, "success")
    return redirect(url_for("accounts.staff_member", person_id=person_id))


@bp.post("/settings/staff/<int:person_id>/invite")
@staff(May.ACCOUNTS)
def invite_again_door(person_id: int) -> Response:
    invite_again(person_id, at=clock.now())
    return _back_to(person_id, gettext("A letter with a new link is on its way."))


@bp.post("/people/<int:person_id>/invite-tester")
@staff(May.PEOPLE)
def invite_tester_door(person_id: int) -> Response:
    person = person_or_404(person_id)
    invite_tester(person.id, at=clock.now())
    session().commit()
    flash(gettext("An invitation is on its way to %(name)s.", name=person.shown), "success")
    return back(f"/people/{person.id}")


@bp.post("/settings/staff/<int:person_id>/second-step-off")
@staff(May.ACCOUNTS)
def second_step_off(person_id: int) -> Response:
    switch_off(credential_or_404(person_id), at=clock.now())
    return _back_to(person_id, gettext("The second step is off: the password alone signs in."))


@bp.post("/settings/staff/<int:person_id>/end")
@staff(May.ACCOUNTS)
def end_staff_door(person_id: int) -> Response:
    end_staff(person_id, at=clock.now())
    session().commit()
    flash(gettext("The account no longer works."), "success")
    return redirect(url_for("accounts.staff_list"))
