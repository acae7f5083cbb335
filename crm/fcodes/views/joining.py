"""A friend comes with a code: types it, tells name and address, follows the letter's link, accepts the agreement."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from crm.accounts.actions import OtherVersion, note_try, person_of_link
from crm.accounts.forms import AcceptForm
from crm.accounts.queries import agreement_text
from crm.accounts.rules import LinkKind
from crm.accounts.views.viewer import sign_in_as
from crm.core import clock, programme
from crm.core.db import session, writing
from crm.core.errors import Refusal
from crm.core.forms import refuse, text
from crm.core.guards import by_link, public
from crm.core.languages import current_language
from crm.fcodes.actions.joining import ask_for_place, join_by_code
from crm.fcodes.actions.redeeming import refuse_unready
from crm.fcodes.forms import FriendForm, TypeForm
from crm.fcodes.models import FCode
from crm.fcodes.queries import NoSuchCode, find
from crm.fcodes.rules import grouped
from crm.fcodes.views import bp
from crm.people.models import Person
from crm.people.queries import person_or_404


def _ready(code: str) -> FCode:
    """Raises CodeMistyped, NoSuchCode, CodeRefused, and TooManyTries for who guesses codes in a row."""
    try:
        found = find(code)
    except NoSuchCode:
        address = request.remote_addr or ""
        with writing():
            note_try(f"f-code from {address}", address, at=clock.now())
            session().commit()
        raise
    refuse_unready(found, programme.moment())
    return found


@bp.get("/f")
@public
def type_code() -> Any:
    return render_template("fcodes/type.html", form=TypeForm(formdata=None))


@bp.post("/f")
@public
def typed() -> Any:
    form = TypeForm()
    if form.validate():
        try:
            return redirect(url_for("fcodes.invitation", code=grouped(_ready(text(form.code)).code)))
        except Refusal as error:
            refuse(form.code, str(error))
    return render_template("fcodes/type.html", form=form), 422


def _invitation(found: FCode, form: FriendForm, status: int = 200) -> Any:
    giver = person_or_404(found.giver_id)
    words = agreement_text(current_language())
    return render_template("fcodes/invitation.html", code=found, giver=giver, form=form, text=words), status


@bp.get("/f/<code>")
@public
def invitation(code: str) -> Any:
    """A code that cannot be used is told on the page where another can be typed."""
    try:
        found = _ready(code)
    except Refusal as error:
        form = TypeForm(formdata=None)
        form.code.data = code
        refuse(form.code, str(error))
        return render_template("fcodes/type.html", form=form), error.status
    return _invitation(found, FriendForm(formdata=None))


@bp.post("/f/<code>")
@public
def ask(code: str) -> Any:
    found, form = _ready(code), FriendForm()
    if not form.validate():
        return _invitation(found, form, 422)
    note_try(text(form.mail), request.remote_addr or "", at=clock.now(), letters=True)
    name, mail, at = text(form.name), text(form.mail), programme.moment()
    ask_for_place(found.code, name, mail, current_language(), at=at, now=clock.now())
    session().commit()
    return render_template("fcodes/letter_sent.html", mail=form.mail.data)


@bp.get("/f/<code>/<secret>")
@by_link
def agree(code: str, secret: str) -> Any:
    return _agreement_page(code, secret)


def _agreement_page(code: str, secret: str, *, has_changed: bool = False) -> str:
    person_id = person_of_link(LinkKind.JOIN, secret, at=clock.now())
    found = find(code)
    if found.redeemed_by_id != person_id:
        refuse_unready(found, programme.moment())
    person = session().get_one(Person, person_id)
    words = agreement_text(current_language())
    return render_template(
        "fcodes/agree.html", code=found, person=person, secret=secret, text=words, has_changed=has_changed
    )


@bp.post("/f/<code>/<secret>")
@by_link
def join(code: str, secret: str) -> Any:
    shown, at = AcceptForm().shown, programme.moment()
    try:
        person_id, _code = join_by_code(code, secret, shown=shown, at=at, now=clock.now())
    except OtherVersion as error:
        session().rollback()
        return _agreement_page(code, secret, has_changed=True), error.status
    flash(_("You are a tester now. Welcome."), "success")
    answer = sign_in_as(redirect("/"), person_id, as_staff=False, at=clock.now())
    session().commit()
    return answer
