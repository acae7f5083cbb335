"""Joining as a tester: the public page, and the page behind the letter's link with the agreement."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request
from flask_babel import gettext

from crm.accounts.actions import OtherVersion, answer_sign_up, join_by_link, note_try, person_of_link, sign_up
from crm.accounts.forms import AcceptForm, JoinForm, language_choices
from crm.accounts.queries import agreement_text
from crm.accounts.rules import LinkKind
from crm.accounts.views import bp
from crm.accounts.views.viewer import sign_in_as
from crm.core import clock, programme
from crm.core.db import session
from crm.core.forms import text
from crm.core.guards import by_link, public
from crm.core.languages import current_language
from crm.core.programme import SignUp
from crm.people.models import Person

NOT_UNDERSTOOD = 422


def _page(form: JoinForm, status: int = 200) -> Any:
    mode = programme.required().sign_up
    text = agreement_text(current_language()) if mode is SignUp.OPEN else None
    return render_template("accounts/join.html", form=form, mode=mode.value, text=text), status


@bp.route("/join", methods=["GET", "POST"])
@public
def join() -> Any:
    form = JoinForm(language=current_language())
    form.language.choices = language_choices(programme.required().languages)
    if not form.is_submitted() or programme.required().sign_up is not SignUp.OPEN:
        return _page(form)
    if not form.validate():
        return _page(form, NOT_UNDERSTOOD)
    at = clock.now()
    note_try(form.mail.data, request.remote_addr or "", at=at, letters=True)
    person = sign_up(text(form.name), text(form.mail), form.language.data, at=at)
    answer_sign_up(person, at=at)
    session().commit()
    return render_template("accounts/letter_sent.html", mail=form.mail.data, what="join")


@bp.get("/join/<secret>")
@by_link
def open_join_link(secret: str) -> Any:
    return _agreement_page(secret)


def _agreement_page(secret: str, *, has_changed: bool = False) -> str:
    person = session().get_one(Person, person_of_link(LinkKind.JOIN, secret, at=clock.now()))
    text = agreement_text(current_language())
    return render_template("accounts/agree.html", person=person, secret=secret, text=text, has_changed=has_changed)


@bp.post("/join/<secret>")
@by_link
def use_join_link(secret: str) -> Any:
    at = clock.now()
    try:
        person_id = join_by_link(secret, shown=AcceptForm().shown, at=at)
    except OtherVersion as error:
        session().rollback()
        return _agreement_page(secret, has_changed=True), error.status
    flash(gettext("You are a tester now. Welcome."), "success")
    answer = sign_in_as(redirect("/"), person_id, as_staff=False, at=at)
    session().commit()
    return answer
