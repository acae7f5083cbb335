"""One person by hand: new, changed, with identities, tags and notes."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response

from crm.core import journal, programme
from crm.core.db import session
from crm.core.errors import NotUnderstood, Refusal
from crm.core.forms import refuse
from crm.core.guards import May, staff, viewer
from crm.core.pages import typed
from crm.people import actions
from crm.people.forms import IdentityForm, NewPersonForm, NoteForm, PersonForm, TagForm, choices
from crm.people.models import Person, PersonTag, Tag
from crm.people.offers.conditions import staff as staff_choices
from crm.people.queries import person_or_404
from crm.people.rules import SiteRole
from crm.people.views import bp


def to_person(person_id: int) -> Response:
    return redirect(url_for("directory.person", person_id=person_id))


def _kind(form: NewPersonForm | IdentityForm) -> str:
    """`forum` needs the name of the forum. Raises NotUnderstood."""
    if form.identity_kind.data != "forum":
        return str(form.identity_kind.data)
    if not form.forum.data:
        raise NotUnderstood(_("Say which forum."))
    return f"forum:{form.forum.data}"


@bp.route("/people/new", methods=["GET", "POST"])
@staff(May.PEOPLE)
def new() -> Any:
    form = NewPersonForm()
    if form.validate_on_submit():
        at = programme.moment()
        try:
            made = actions.add_person(
                form.name.data or "", [(_kind(form), form.identity_value.data or "")], at=at,
                language=form.language.data or None, owner_id=viewer().person_id,
            )  # fmt: skip
            actions.add_source(
                made.id, site=form.site.data or "", board=form.board.data or "", basis=form.basis.data or "", at=at,
                role=SiteRole(form.role.data) if form.role.data else None, found_by_id=viewer().person_id,
            )  # fmt: skip
            session().commit()
            return to_person(made.id)
        except Refusal as error:
            session().rollback()
            refuse(form.identity_value, str(error))
    return render_template("people/new.html", form=form)


@bp.route("/people/<int:person_id>/edit", methods=["GET", "POST"])
@staff(May.PEOPLE)
def edit(person_id: int) -> Any:
    person = person_or_404(person_id)
    form = PersonForm(obj=person)
    form.owner_id.choices = choices([("", _("nobody")), *staff_choices()])
    if request.method == "GET":
        form.owner_id.data = str(person.owner_id or "")
    if form.validate_on_submit():
        try:
            actions.edit_person(
                person.id, name=form.name.data or "", language=form.language.data, zone=form.zone.data,
                owner_id=_owner(form.owner_id.data), at=programme.moment(),
            )  # fmt: skip
            session().commit()
            return to_person(person_id)
        except Refusal as error:
            session().rollback()
            refuse(form.zone, str(error))
    return _edit_page(person_or_404(person_id), form, IdentityForm(formdata=None), TagForm(formdata=None))


def _owner(value: str | None) -> int | None:
    """Raises NotUnderstood for somebody who is no staff."""
    if not value:
        return None
    if value not in dict(staff_choices()):
        raise NotUnderstood(_("Only staff can own people."))
    return int(value)


def _edit_page(person: Person, form: PersonForm, identity: IdentityForm, tag: TagForm) -> str:
    worn = select(Tag.name).join(PersonTag, PersonTag.tag_id == Tag.id).where(PersonTag.person_id == person.id)
    if not form.owner_id.choices:
        form.owner_id.choices = choices([("", _("nobody")), *staff_choices()])
        form.owner_id.data = str(person.owner_id or "")
    return render_template(
        "people/edit.html", person=person, form=form, identity_form=identity, tag_form=tag,
        tags=list(session().scalars(worn.order_by(Tag.name))),
    )  # fmt: skip


@bp.post("/people/<int:person_id>/identities")
@staff(May.PEOPLE)
def add_identity(person_id: int) -> Any:
    person, form = person_or_404(person_id), IdentityForm()
    if form.validate_on_submit():
        try:
            actions.add_identity(person.id, _kind(form), form.identity_value.data or "", at=programme.moment())
            session().commit()
            return redirect(url_for("people.edit", person_id=person_id))
        except Refusal as error:
            session().rollback()
            refuse(form.identity_value, str(error))
    person = person_or_404(person_id)
    return _edit_page(person, PersonForm(formdata=None, obj=person), form, TagForm(formdata=None)), 422


@bp.post("/people/<int:person_id>/identities/remove")
@staff(May.PEOPLE)
def remove_identity(person_id: int) -> Response:
    actions.remove_identity(person_id, typed("kind"), typed("value"), at=programme.moment())
    session().commit()
    return redirect(url_for("people.edit", person_id=person_id))


@bp.post("/people/<int:person_id>/tags")
@staff(May.PEOPLE)
def add_tag(person_id: int) -> Any:
    person, form = person_or_404(person_id), TagForm()
    if form.validate_on_submit():
        try:
            if actions.tag([person.id], form.tag.data or ""):
                _note_tag(person.id, after=form.tag.data)
            session().commit()
            return redirect(url_for("people.edit", person_id=person_id))
        except Refusal as error:
            session().rollback()
            refuse(form.tag, str(error))
    person = person_or_404(person_id)
    return _edit_page(person, PersonForm(formdata=None, obj=person), IdentityForm(formdata=None), form), 422


@bp.post("/people/<int:person_id>/tags/remove")
@staff(May.PEOPLE)
def remove_tag(person_id: int) -> Response:
    if actions.untag([person_id], typed("tag")):
        _note_tag(person_id, before=typed("tag"))
    session().commit()
    return redirect(url_for("people.edit", person_id=person_id))


def _note_tag(person_id: int, *, before: str | None = None, after: str | None = None) -> None:
    journal.record(
        "people.tag", f"person:{person_id}", at=programme.moment(), about_id=person_id,
        before={"tag": before} if before else None, after={"tag": after} if after else None,
    )  # fmt: skip


@bp.route("/people/<int:person_id>/note", methods=["GET", "POST"])
@staff(May.PEOPLE)
def note(person_id: int) -> Any:
    person, form = person_or_404(person_id), NoteForm()
    if form.validate_on_submit():
        actions.add_note(person.id, form.body.data or "", at=programme.moment(), author_id=viewer().person_id)
        session().commit()
        return to_person(person_id)
    return render_template("people/note.html", person=person, form=form)


@bp.post("/people/<int:person_id>/notes/<int:note_id>/remove")
@staff(May.PEOPLE)
def remove_note(person_id: int, note_id: int) -> Response:
    actions.remove_note(person_id, note_id, at=programme.moment())
    session().commit()
    flash(_("The note is gone."), "success")
    return to_person(person_id)
