"""Signing in and out: one page for staff and testers, which tells nobody whose address is known."""

from __future__ import annotations

from typing import Any

from flask import g, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from crm.accounts.actions import (
    close_session,
    forgive_tries,
    is_right,
    note_try,
    person_by_mail,
    renew_hash,
    send_way_in,
    use_code,
)
from crm.accounts.forms import CodeForm, SignInForm
from crm.accounts.queries import credential_by_mail, credential_of
from crm.accounts.rules import COOKIE, SECOND_STEP_LIVES
from crm.accounts.views import bp
from crm.accounts.views.viewer import sign_in_as
from crm.core import clock
from crm.core.db import session
from crm.core.errors import NotAllowed
from crm.core.forms import refuse, text
from crm.core.guards import public
from crm.core.pages import back
from crm.core.tokens import read_for_a_while, sign_for_a_while

SECOND_STEP = "accounts.second-step"
NOT_UNDERSTOOD = 422


def _page(form: SignInForm, status: int = 200) -> Any:
    return render_template("accounts/sign_in.html", form=form), status


@bp.route("/sign-in", methods=["GET", "POST"])
@public
def sign_in() -> Any:
    if request.method == "GET" and g.viewer is not None:
        return back()
    form = SignInForm()
    if not form.is_submitted():
        return _page(form)
    if not form.validate():
        return _page(form, NOT_UNDERSTOOD)
    return _by_password(form) if form.password.data else _by_letter(form)


def _by_password(form: SignInForm) -> Any:
    """What is needed is read and the try is written before hashing, so that nobody waits for our 100 ms."""
    at, mail, address = clock.now(), text(form.mail), request.remote_addr or ""
    credential = credential_by_mail(mail)
    person_id = credential.person_id if credential else None
    stored = credential.password_hash if credential else None
    has_second_step = credential is not None and credential.totp_secret is not None
    note_try(mail, address, at=at)
    session().commit()
    if not is_right(stored, text(form.password)) or person_id is None:
        refuse(form.password, gettext("The mail address or the password is not right."))
        return _page(form, NOT_UNDERSTOOD)
    renew_hash(person_id, text(form.password))
    forgive_tries(mail, address, at=at)
    if has_second_step:
        session().commit()
        proof = sign_for_a_while(SECOND_STEP, person_id)
        return render_template("accounts/second_step.html", form=CodeForm(formdata=None), proof=proof)
    answer = sign_in_as(back(), person_id, as_staff=True, at=at)
    session().commit()
    return answer


def _by_letter(form: SignInForm) -> Any:
    at, mail = clock.now(), text(form.mail)
    note_try(mail, request.remote_addr or "", at=at, letters=True)
    person = person_by_mail(mail)
    if person is not None:
        send_way_in(person, at=at)
    session().commit()
    return render_template("accounts/letter_sent.html", mail=mail, what="sign-in")


@bp.post("/sign-in/second-step")
@public
def second_step() -> Any:
    """`proof`: who has given the right password a moment ago, signed."""
    form, at, proof = CodeForm(), clock.now(), request.form.get("proof", "")
    person_id = int(read_for_a_while(SECOND_STEP, proof, SECOND_STEP_LIVES))
    address = request.remote_addr or ""
    if not form.validate():
        return render_template("accounts/second_step.html", form=form, proof=proof), NOT_UNDERSTOOD
    note_try(f"second-step:{person_id}", address, at=at)
    session().commit()
    credential = credential_of(person_id)
    if credential is None or credential.disabled_at is not None:
        raise NotAllowed(gettext("This account no longer works. Ask an admin of the programme."))
    if not use_code(credential, text(form.code), at=at):
        session().rollback()
        refuse(form.code, gettext("This code does not fit, or was used already. Wait for the next one."))
        return render_template("accounts/second_step.html", form=form, proof=proof), NOT_UNDERSTOOD
    forgive_tries(f"second-step:{person_id}", address, at=at)
    answer = sign_in_as(back(), person_id, as_staff=True, at=at)
    session().commit()
    return answer


@bp.post("/sign-out")
@public
def sign_out() -> Response:
    if g.viewer is not None and g.viewer.session_id is not None:
        close_session(g.viewer.session_id, g.viewer.person_id, at=clock.now())
        session().commit()
    answer = redirect(url_for("accounts.sign_in"))
    answer.delete_cookie(COOKIE)
    return answer
